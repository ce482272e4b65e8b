"""One environment from facts to verdict: asks every check, applies waivers and baseline, decides."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from readiness.engine.baseline import Baseline
from readiness.engine.isolation import isolated
from readiness.engine.judge import conclude
from readiness.engine.registry import Broken, Registry, stand_in
from readiness.engine.run import Asked, ask, kinds_read
from readiness.engine.verdict import decide, score
from readiness.engine.waivers import Book
from readiness.engine.world import World, roots_of
from readiness.facts.network import CALICO_GROUPS
from readiness.facts.objects import BUILT_IN_GROUPS, Objects, Resource
from readiness.facts.waivers import Waivers
from readiness.facts.workloads import OperatedPods, Workloads
from readiness.model import (
    Answer,
    Bar,
    Check,
    Gap,
    Input,
    Outcome,
    Route,
    Score,
    Severity,
    Status,
    Supply,
)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an environment asks of its checks, decided elsewhere."""

    bar: Bar
    missing: Sequence[str] = ()
    settings: Callable[[Check], Mapping[str, Any]] = lambda check: {n: s.default for n, s in check.settings.items()}
    severity: Callable[[Check], Severity | None] = lambda _check: None
    off: Callable[[Check], str] = lambda _check: ""
    rules: str = ""
    baseline: Baseline = field(default_factory=Baseline)
    new_only: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is known after a run about one environment. Reports are made of it and of nothing else."""

    service: str
    environment: str
    answer: Answer
    outcomes: tuple[Outcome, ...]
    gaps: tuple[Gap, ...]
    inputs: tuple[Input, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    not_understood: Mapping[str, int]
    waivers: Waivers
    vanished: tuple[str, ...] = ()
    new_only: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def areas(self) -> dict[str, Score]:
        """The score of each area that has an outcome with something evaluated, by name."""
        names = sorted({area(o.check) for o in self.outcomes if o.status is not Status.SKIPPED})
        return {name: score(o for o in self.outcomes if area(o.check) == name) for name in names}


def area(check: Check) -> str:
    """The area a reader sees: tenancy and governance together are what enterprises ask for."""
    return "enterprise" if check.area in {"tenancy", "governance"} else check.area


def assess(
    service: str,
    world: World,
    registry: Registry,
    terms: Terms,
    book: Book | None = None,
    *,
    progress: Progress = lambda _done, _all, _name: None,
    about: Mapping[str, Any] | None = None,
) -> Assessment:
    """Ask every check of the registry and decide. Raises nothing of a check's."""
    book = book or Book([], date.max)
    world.supplies = [_not_silent(s) for s in world.supplies]
    # An id with a colon is a guest's: asked at arm's length.
    checks = [isolated(c) if ":" in c.id else c for c in registry.checks.values()]
    last = [c for c in checks if any(Waivers in roots_of(need.type) for need in c.needs)]
    late = {c.id for c in last}
    first = [c for c in checks if c.id not in late]
    seconds: dict[str, float] = {}
    outcomes = [_broken(b, world, terms) for b in registry.broken]
    for done, check in enumerate(first, 1):
        progress(done, len(checks), check.id)
        outcomes.append(_outcome(check, world, terms, book, seconds))
    records = book.records(_answered(outcomes))
    world.supplies = [*world.supplies, Supply("waivers", frozenset({Waivers}), {Waivers: records})]
    outcomes += [_outcome(check, world, terms, book, seconds) for check in last]
    outcomes.sort(key=lambda o: o.check.id)
    strangers = _strangers(world.supplies, checks)
    gaps = tuple(dict.fromkeys([*(g for s in world.supplies for g in s.gaps), *_unread_pods(strangers)]))
    return Assessment(
        service=service,
        environment=world.environment,
        answer=decide(outcomes, gaps, terms.missing, terms.bar, idle=_idle(world.supplies)),
        outcomes=tuple(outcomes),
        gaps=gaps,
        inputs=tuple(i for s in world.supplies for i in s.inputs),
        notes=tuple(dict.fromkeys(n for s in world.supplies for n in s.notes)),
        sources=tuple(dict.fromkeys(s.source for s in world.supplies if s.inputs or s.gaps)),
        not_understood=dict(sorted(Counter(name for _, _, name in strangers).items())),
        waivers=records,
        vanished=terms.baseline.vanished(outcomes),
        new_only=terms.new_only,
        about=dict(about or {}),
        seconds=seconds,
    )


def _not_silent(supply: Supply) -> Supply:
    """A source of objects that brought none at all has a gap: an empty folder proves nothing about a service."""
    objects = supply.facts.get(Objects)
    if supply.origin is None or supply.gaps or not isinstance(objects, Objects) or len(objects):
        return supply
    advice = "see that it is the right folder, chart or namespace, or declare it no longer"
    return replace(supply, gaps=(Gap(supply.source, "no Kubernetes object was found there", advice=advice),))


def _outcome(check: Check, world: World, terms: Terms, book: Book, seconds: dict[str, float]) -> Outcome:
    reason = terms.off(check)
    settings = terms.settings(check)
    adopted = not terms.rules or not check.since or check.since <= terms.rules
    if reason:
        asked = Asked(check, skipped=f"turned off by the settings: {reason}")
    else:
        started = time.perf_counter()
        asked = ask(check, world, settings)
        seconds[check.id] = time.perf_counter() - started
    return conclude(
        asked,
        world.environment,
        settings=settings,
        severity=terms.severity(check),
        waive=book.waive,
        known=terms.baseline,
        new_only=terms.new_only,
        adopted=adopted,
    )


def _broken(broken: Broken, world: World, terms: Terms) -> Outcome:
    asked = Asked(stand_in(broken), fault=broken.reason)
    return conclude(asked, world.environment, settings={}, known=terms.baseline)


def _answered(outcomes: Iterable[Outcome]) -> Callable[[str], bool]:
    answered = {o.check.id for o in outcomes if o.status in (Status.PASSED, Status.FAILED, Status.NOT_APPLICABLE)}
    return lambda check_id: check_id in answered or not any(o.check.id == check_id for o in outcomes)


def _is_meant(item: Resource) -> bool:
    """Whether the views that read a kind mean this object: `Service` of Knative shares no more than its name."""
    groups = BUILT_IN_GROUPS.get(item.kind)
    return groups is None or not item.api_version or item.group in groups or item.group in CALICO_GROUPS


def _idle(supplies: Iterable[Supply]) -> bool:
    """Whether objects were asked for, and none of those that came makes pods, not even by way of an operator."""
    asked = [s for s in supplies if Objects in s.provides]
    running = Workloads.kinds | OperatedPods.kinds
    return bool(asked) and not any(running & s.facts[Objects].counts.keys() for s in asked if Objects in s.facts)  # type: ignore[attr-defined]


def _strangers(supplies: Iterable[Supply], checks: Iterable[Check]) -> list[tuple[str, Resource, str]]:
    """Objects that no view of any check reads: the source, the object, and what to call its kind."""
    read = frozenset().union(*(kinds_read(check) for check in checks))
    found = []
    for supply in supplies:
        objects = supply.facts.get(Objects)
        for item in objects if isinstance(objects, Objects) else ():
            if item.kind not in read:
                found.append((supply.source, item, item.kind or "(no kind)"))
            elif not _is_meant(item):
                found.append((supply.source, item, f"{item.kind} of {item.group or 'the core group'}"))
    return found


def _unread_pods(strangers: Iterable[tuple[str, Resource, str]]) -> Iterator[Gap]:
    """Objects of kinds that no check reads, and that hold containers: something runs, and nobody looked at it."""
    for source, item, _ in strangers:
        if route := _containers(item.body):
            cause = f"{item.subject} ({item.api_version}) runs containers, and no check reads this kind"
            advice = "check it by other means: this verdict cannot speak of it"
            yield Gap(source, cause, item.span(route), advice=advice)


def _containers(body: Mapping[str, Any]) -> Route:
    """The route to the first list of containers with images in an object; empty where there is none."""
    waiting: list[tuple[Route, Any]] = [((), body)]
    while waiting:
        route, value = waiting.pop()
        if isinstance(value, dict):
            found = value.get("containers")
            if isinstance(found, list) and any(isinstance(c, dict) and isinstance(c.get("image"), str) for c in found):
                return (*route, "containers")
            waiting += [((*route, key), inner) for key, inner in value.items() if isinstance(inner, dict | list)]
        elif isinstance(value, list):
            waiting += [((*route, i), inner) for i, inner in enumerate(value) if isinstance(inner, dict | list)]
    return ()
