"""Calls the sources that an environment declares. One that fails is a gap; it never ends the run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readiness.config.environment import Environment
from readiness.engine.world import World
from readiness.facts.objects import Objects
from readiness.facts.repository import Repository
from readiness.facts.settings import Now, ServiceSettings
from readiness.facts.tools import Commands, Tools
from readiness.facts.writings import Writings
from readiness.model import Gap, Origin, Supply

# Which sources could bring a fact: for telling a user what would answer a skipped check.
_RENDERED = {f"`{name}`": Origin.RENDERED for name in ("manifests", "kustomize", "helm")}
BRINGERS: Mapping[type, Mapping[str, Origin | None]] = {
    Objects: {**_RENDERED, "`cluster`": Origin.LIVE},
    Writings: dict(_RENDERED),
    Repository: {"`repository`": None},
    Tools: {"`tools`": None},
    Commands: {"`commands`, and allow them with --run-commands": None},
}
# What a source that fails would have brought.
PROVIDES: Mapping[str, tuple[tuple[type, ...], Origin | None]] = {
    "manifests": ((Objects, Writings), Origin.RENDERED),
    "kustomize": ((Objects, Writings), Origin.RENDERED),
    "helm": ((Objects, Writings), Origin.RENDERED),
    "cluster": ((Objects,), Origin.LIVE),
    "repository": ((Repository,), None),
    "tools": ((Tools,), None),
    "commands": ((Commands,), None),
}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the caller, and nobody else, allows."""

    run_commands: bool = False
    now: datetime | None = None
    stdin: Callable[[], bytes] = lambda: sys.stdin.buffer.read()


def world(environment: Environment, allowed: Permissions, progress: Progress = lambda _s, _d, _a: None) -> World:
    """The facts of one environment from all its declared sources."""
    return World(environment.name, list(_supplies(environment, allowed, progress)), BRINGERS)


def _supplies(environment: Environment, allowed: Permissions, progress: Progress) -> Iterator[Supply]:
    yield _given(environment, allowed)
    for name in sorted(environment.declared):
        progress(name, 0, 0)
        try:
            yield _READERS[name](environment, allowed, progress)
        except Exception as fault:  # noqa: BLE001 (a source that fails is a gap, whatever it failed with)
            facts, origin = PROVIDES[name]
            yield Supply(name, frozenset(facts), origin=origin, gaps=(Gap(name, str(fault) or type(fault).__name__),))


def _given(environment: Environment, allowed: Permissions) -> Supply:
    from readiness.sources.knowledge import knowledge

    service = ServiceSettings(
        name=environment.service,
        owner=environment.owner,
        tier=environment.tier,
        environment=environment.name,
        profile=environment.profile,
        kubernetes=environment.kubernetes,
        namespace=environment.namespace,
    )
    facts: dict[type, Any] = {ServiceSettings: service, Now: Now(allowed.now or datetime.now(UTC)), **knowledge()}
    return Supply("settings", frozenset(facts), facts, notes=environment.notes)


def _manifests(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:
    from readiness.sources import manifests

    return manifests.read(
        environment.sources.manifests or [],
        environment.root,
        namespace=environment.namespace,
        stdin=allowed.stdin,
        progress=lambda done, total: progress("manifests", done, total),
    )


def _kustomize(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:  # noqa: ARG001
    from readiness.sources import kustomize

    paths = [item.path for item in environment.sources.kustomize or []]
    return kustomize.read(paths, environment.root, namespace=environment.namespace)


def _helm(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:  # noqa: ARG001
    from readiness.sources import helm

    charts = [
        helm.Chart(c.chart, c.release, tuple(c.values), dict(c.set), tuple(c.api_versions))
        for c in environment.sources.helm or []
    ]
    return helm.read(charts, environment.root, namespace=environment.namespace, kubernetes=environment.kubernetes)


def _repository(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:  # noqa: ARG001
    from readiness.sources import repository

    wanted = environment.sources.repository
    assert wanted is not None, "a declared source has settings"  # noqa: S101
    return repository.read(environment.root / wanted.path, exclude=wanted.exclude)


def _tools(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:  # noqa: ARG001
    from readiness.sources import tools

    return tools.read(environment.sources.tools or {}, environment.root)


def _cluster(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:  # noqa: ARG001
    from readiness.sources import cluster

    wanted = environment.sources.cluster
    assert wanted is not None, "a declared source has settings"  # noqa: S101
    return cluster.read(wanted.context, wanted.namespace, wanted.kubeconfig, environment.root)


def _commands(environment: Environment, allowed: Permissions, progress: Progress) -> Supply:
    from readiness.sources import commands

    wanted = [
        commands.Wanted(about, tuple(c.run), c.timeout) for about, c in (environment.sources.commands or {}).items()
    ]
    return commands.read(
        wanted, environment.root, allowed=allowed.run_commands, progress=lambda n: progress(f"commands: {n}", 0, 0)
    )


_READERS: Mapping[str, Callable[[Environment, Permissions, Progress], Supply]] = {
    "manifests": _manifests,
    "kustomize": _kustomize,
    "helm": _helm,
    "repository": _repository,
    "tools": _tools,
    "cluster": _cluster,
    "commands": _commands,
}
