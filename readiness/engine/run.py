"""Asks each check its question, and never mistakes silence for a yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from readiness.engine.world import Faulty, Missing, World, kinds_of
from readiness.model import Check, Finding, Gap, Origin, Place


@dataclass(slots=True)
class Asked:
    """What one check said for one environment, before waivers and verdict.

    `subjects` are all the things it looked at. `fault` is set where the check itself failed; what it found before
    that stands. `skipped` says which source would be needed. Bad findings that claim an absence which a gap could
    explain are `unproven`.
    """

    check: Check
    subjects: set[str] = field(default_factory=set)
    bad: list[Finding] = field(default_factory=list)
    unproven: list[Finding] = field(default_factory=list)
    gaps: dict[Gap, None] = field(default_factory=dict)
    origins: list[str] = field(default_factory=list)
    fault: str = ""
    skipped: str = ""
    unread: str = ""


class WrongAnswer(Exception):
    """A check yielded something that is no finding."""


def ask(check: Check, world: World, settings: Mapping[str, object]) -> Asked:
    """Ask `check` once for each origin that exists. Raises nothing: what goes wrong is in the answer."""
    asked = Asked(check)
    for origin in world.askings(check):
        _ask_once(asked, world, origin, settings)
    return asked


def _ask_once(asked: Asked, world: World, origin: Origin | None, settings: Mapping[str, object]) -> None:
    facts = []
    for need in asked.check.needs:
        fact = world.fact(need, origin)
        if isinstance(fact, Faulty):
            asked.fault = asked.fault or fact.reason
            return
        if isinstance(fact, Missing):
            if not fact.declared and need.optional:
                fact = None
            elif not fact.declared:
                asked.skipped = _what_would_bring(fact.type, need.origin, world)
                return
            else:
                asked.gaps |= dict.fromkeys(fact.gaps)
                asked.unread = asked.unread or f"{fact.type.__name__} could not be read"
                if not need.optional:
                    return
                fact = None
        facts.append(fact)
        asked.gaps |= dict.fromkeys(world.gaps(need, origin))
    if origin is not None:
        asked.origins.append(origin.value)
    try:
        for finding in _answers(asked.check.ask(*facts, **settings)):
            asked.subjects.add(finding.place.subject)
            if not finding.ok:
                hidden = finding.absence and any(g.hides(finding.absence) for g in asked.gaps)
                (asked.unproven if hidden else asked.bad).append(finding)
    except (Exception, SystemExit) as fault:  # noqa: BLE001 (a check's own fault must not read as a verdict)
        asked.fault = asked.fault or f"{type(fault).__name__}: {fault}"


def _answers(said: Iterable[object]) -> Iterator[Finding]:
    if not isinstance(said, Iterable):
        raise WrongAnswer(f"a check yields findings; this one returned {type(said).__name__}")
    for one in said:
        if not isinstance(one, Finding) or not isinstance(one.place, Place):
            raise WrongAnswer(f"a check yields findings; this one yielded {type(one).__name__}")
        yield one


def _what_would_bring(kind: type, origin: Origin | None, world: World) -> str:
    sources = [name for name, at in world.bringers.get(kind, {}).items() if origin in (None, at)]
    wanted = " or ".join(sources)
    what = f"{origin.value} {kind.__name__}" if origin else kind.__name__
    return f"needs {what}" + (f": declare {wanted}" if wanted else "")


def kinds_read(check: Check) -> frozenset[str]:
    """The Kubernetes kinds that a check reads through its needs."""
    return frozenset().union(*(kinds_of(need.type) for need in check.needs))
