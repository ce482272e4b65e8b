"""What comes out of the settings: one environment of one service, with everything decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from readiness.config.model import Sources
from readiness.model import Bar, Check, Severity, Span

BARS = {"production": Bar(90, 90), "staging": Bar(80, 80), "development": Bar(60, 60)}
# What a verdict cannot do without. A live namespace says more than its manifests, so either will do for workloads.
MANDATORY: Mapping[str, tuple[str, ...]] = {"production": ("repository",), "staging": (), "development": ()}


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the settings say about one check. `skip` is the reason for which it is not asked."""

    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    skip: str = ""


@dataclass(frozen=True, slots=True)
class WrittenWaiver:
    """A waiver as somebody wrote it, in a file or in a comment beside what it is about."""

    check: str
    subject: str
    reason: str
    owner: str
    expires: date
    environment: str
    span: Span


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of one service. Paths in `sources` are relative to `root`."""

    service: str
    name: str
    root: Path
    owner: str = ""
    tier: int = 2
    profile: str = "development"
    kubernetes: str = ""
    namespace: str = "default"
    bar: Bar = BARS["development"]
    mandatory: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)
    checks: Mapping[str, CheckSettings] = field(default_factory=dict)
    rules: str = ""
    waivers: tuple[WrittenWaiver, ...] = ()
    waiver_owners: tuple[str, ...] = ()
    written: str = ""  # the settings file, empty where there is none

    def settings_of(self, check: Check) -> dict[str, Any]:
        """The value of each setting of a check: signature, then profile and tier, then what the file says."""
        said = self.checks.get(check.id, CheckSettings()).values
        return {n: said.get(n, s.default_for(self.profile, self.tier)) for n, s in check.settings.items()}

    @property
    def declared(self) -> frozenset[str]:
        """The names of the sources that this environment declares."""
        return frozenset(n for n in Sources.model_fields if getattr(self.sources, n) is not None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Mandatory sources that are not declared."""
        lacking = [name for name in self.mandatory if name not in self.declared]
        if not self.declared & {"manifests", "kustomize", "helm", "cluster"} and self.profile == "production":
            lacking.insert(0, "manifests")
        return tuple(lacking)


_WORDS = {
    "production": ("prod", "live", "prd"),
    "staging": ("stag", "stg", "preprod", "uat", "qa"),
    "development": ("dev", "local", "test", "ci", "sandbox", "preview"),
}


def profile_of(name: str) -> str:
    """The profile that an environment's name suggests, by how its parts begin; staging where it suggests none."""
    parts = name.lower().replace("_", "-").split("-")
    found = [profile for profile, words in _WORDS.items() if any(p.startswith(words) for p in parts)]
    return "staging" if "staging" in found or not found else found[0]
