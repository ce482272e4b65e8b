"""From an environment to its assessment: what `check`, `plan` and `diff` have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from readiness.cli.gather import Permissions, Progress, world
from readiness.config.environment import CheckSettings, Environment, WrittenWaiver
from readiness.engine.assess import Assessment, Terms, assess
from readiness.engine.baseline import Baseline
from readiness.engine.registry import Registry, in_repository, installed, join
from readiness.engine.waivers import Book, Entry, inline
from readiness.facts.writings import Writings
from readiness.model import Waiver


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller asks of a run beside the environment itself."""

    permissions: Permissions = field(default_factory=Permissions)
    inline_waivers: bool = True
    baselines: Mapping[tuple[str, str], Baseline] = field(default_factory=dict)
    new_only: bool = False


def registry(repository_checks: Path | None = None) -> Registry:
    """All checks: built-in ones, those of installed packages, and a repository's own where the caller trusts them."""
    found = installed()
    if repository_checks is not None and repository_checks.is_dir():
        return join(found, in_repository(repository_checks))
    return found


def assessment(
    environment: Environment, checks: Registry, options: Options, progress: Progress = lambda _s, _d, _a: None
) -> Assessment:
    """Gather the facts of one environment and ask every check."""
    now = options.permissions.now or datetime.now(UTC)
    facts = world(environment, options.permissions, progress)
    texts = [s.facts[Writings] for s in facts.supplies if Writings in s.facts]
    entries = [_entry(w) for w in environment.waivers]
    if options.inline_waivers:
        entries += inline(t for t in texts if isinstance(t, Writings))
    none = CheckSettings()
    terms = Terms(
        bar=environment.bar,
        missing=environment.missing,
        settings=environment.settings_of,
        severity=lambda check: environment.checks.get(check.id, none).severity,
        off=lambda check: environment.checks.get(check.id, none).skip,
        rules=environment.rules,
        baseline=options.baselines.get((environment.service, environment.name), Baseline()),
        new_only=options.new_only,
    )
    about = {
        "tool": f"readiness {version('readiness')}",
        "time": now.isoformat(timespec="seconds"),
        "owner": environment.owner,
        "tier": environment.tier,
        "profile": environment.profile,
        "kubernetes": environment.kubernetes,
        "settings": environment.written,
        "rules": environment.rules,
        "folder": _folder(environment.root),
        "baseline": (environment.service, environment.name) in options.baselines,
    }
    book = Book(entries, now.date(), environment.waiver_owners)
    return assess(
        environment.service,
        facts,
        checks,
        terms,
        book,
        progress=lambda done, total, _name: progress("checks", done, total),
        about=about,
    )


def _folder(root: Path) -> str:
    """The folder that paths are relative to, from the root of its git repository; empty at the root and without git."""
    here = root.resolve()
    top = next((p for p in (here, *here.parents) if (p / ".git").exists()), here)
    return "" if here == top else here.relative_to(top).as_posix()


def _entry(w: WrittenWaiver) -> Entry:
    return Entry(Waiver(w.check, w.subject, w.reason, w.owner, w.expires, str(w.span)), w.span)
