"""What comes out of the settings: one environment of one service, with everything decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from readiness.config.deploy import DeploySettings
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
    deploy: DeploySettings | None = None
    rules: str = ""
    waivers: tuple[WrittenWaiver, ...] = ()
    waiver_owners: tuple[str, ...] = ()
    written: str = ""  # the settings file, empty where there is none
    notes: tuple[str, ...] = ()  # what the caller changed: a reader of the report has to know

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


PROFILES = ("production", "staging", "development")  # the strictest first
_WORDS: Mapping[str, frozenset[str]] = {
    "production": frozenset({"prod", "production", "prd", "live"}),
    "staging": frozenset({"stag", "stage", "staging", "stg", "preprod", "preproduction", "uat", "qa"}),
    "development": frozenset(
        {"dev", "develop", "development", "local", "localhost", "test", "testing", "tests", "ci", "sandbox", "preview"}
    ),
}


def profile_of(name: str) -> str:
    """The profile that the words of an environment's name suggest; staging where they suggest none.

    Only whole words make it laxer (`qatar` is no `qa`, `devon` no `dev`); what begins like production is production.
    """
    words = _words(name)
    if words & _WORDS["staging"]:
        return "staging"
    if words & _WORDS["production"] or any(word.startswith(("prod", "prd")) for word in words):
        return "production"
    return "development" if words & _WORDS["development"] else "staging"


def is_production_by_name(name: str) -> bool:
    """Whether a name says production in so many words, and nothing else beside it."""
    words = _words(name)
    others = _WORDS["staging"] | _WORDS["development"]
    return bool(words & _WORDS["production"] - {"live"}) and not words & others


def _words(name: str) -> set[str]:
    """`prod-eu1` is `prod` and `eu`: a number at the end of a word says nothing."""
    return {word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())} - {""}
