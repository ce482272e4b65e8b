"""Two environments of one service side by side: their answers, their findings, and what is asked of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.cli import contract
from readiness.config.environment import CheckSettings, Environment
from readiness.engine.assess import Assessment
from readiness.model import Answer, Check, Outcome, Status
from readiness.report import selection
from readiness.report.selection import Open

Side = tuple[Environment, Assessment]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, and what each of the two says about it."""

    name: str
    said: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What two environments have apart. `answers` stand in full; all else only where it differs.

    `only` are the open findings that the first, and that the second, has alone.
    """

    service: str
    names: tuple[str, str]
    answers: tuple[Row, ...]
    statuses: tuple[Row, ...]
    only: tuple[tuple[Open, ...], tuple[Open, ...]]
    asked: tuple[Row, ...]


def compare(a: Side, b: Side, checks: Mapping[str, Check]) -> Difference:
    """The difference between two environments that were assessed with the same checks."""
    first, second = _keyed(a), _keyed(b)
    return Difference(
        service=a[0].service,
        names=(a[0].name, b[0].name),
        answers=(*_answers(a[1].answer, b[1].answer), Row("gaps", (str(len(a[1].gaps)), str(len(b[1].gaps))))),
        statuses=tuple(_statuses(a[1], b[1])),
        only=(_without(first, second), _without(second, first)),
        asked=tuple(r for r in _asked(a[0], b[0], checks) if r.said[0] != r.said[1]),
    )


def _answers(a: Answer, b: Answer) -> Iterator[Row]:
    yield Row("verdict", (a.verdict.value, b.verdict.value))
    yield Row("score", (_against_bar(a.score.value, a.bar.score), _against_bar(b.score.value, b.bar.score)))
    covered = (_against_bar(a.score.covered, a.bar.covered), _against_bar(b.score.covered, b.bar.covered))
    yield Row("covered", covered)


def _against_bar(value: float | None, bar: float) -> str:
    return ("none" if value is None else f"{value:.0f}") + f" (bar {bar:g})"


def _statuses(a: Assessment, b: Assessment) -> Iterator[Row]:
    first, second = ({o.check.id: o for o in side.outcomes} for side in (a, b))
    for check_id in sorted(first.keys() | second.keys()):
        one, other = first.get(check_id), second.get(check_id)
        if (one.status if one else None) is not (other.status if other else None):
            yield Row(check_id, (_status(one), _status(other)))


def _status(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not asked"
    word = outcome.status.value.replace("_", " ")
    return f"{word} ({len(outcome.bad)})" if outcome.status is Status.FAILED else word


def _keyed(side: Side) -> list[tuple[tuple[str, ...], Open]]:
    """Open findings with what they are about, without what names the environment itself."""
    return [(_key(item, side[0]), item) for item in selection.findings(side[1])]


def _key(item: Open, environment: Environment) -> tuple[str, ...]:
    anchor = item.judged.finding.place.anchor
    identity = anchor.identity.replace(f" {environment.namespace}/", " ")
    return item.outcome.check.id, anchor.origin, identity, anchor.steady(item.judged.finding.place.route)


def _without(mine: list[tuple[tuple[str, ...], Open]], theirs: list[tuple[tuple[str, ...], Open]]) -> tuple[Open, ...]:
    left = Counter(key for key, _ in theirs)
    only = []
    for key, item in mine:
        if left[key]:
            left[key] -= 1
        else:
            only.append(item)
    return tuple(only)


def _asked(a: Environment, b: Environment, checks: Mapping[str, Check]) -> Iterator[Row]:
    yield Row("profile", (a.profile, b.profile))
    yield Row("kubernetes", (a.kubernetes or "not said", b.kubernetes or "not said"))
    yield Row("sources", (", ".join(sorted(a.declared)), ", ".join(sorted(b.declared))))
    yield Row("mandatory", (", ".join(a.mandatory) or "none", ", ".join(b.mandatory) or "none"))
    yield Row("bar score", (f"{a.bar.score:g}", f"{b.bar.score:g}"))
    yield Row("bar covered", (f"{a.bar.covered:g}", f"{b.bar.covered:g}"))
    for check_id, check in sorted(checks.items()):
        one, other = a.settings_of(check), b.settings_of(check)
        for name in check.settings:
            yield Row(f"{check_id} {name}", (_value(one[name]), _value(other[name])))
        mine, theirs = (e.checks.get(check_id, CheckSettings()) for e in (a, b))
        severities = ((s.severity or check.severity).value for s in (mine, theirs))
        yield Row(f"{check_id} severity", (next(severities), next(severities)))
        yield Row(f"{check_id} skip", (mine.skip or "no", theirs.skip or "no"))


def _value(value: object) -> str:
    return contract.value_said(contract.plain_value(value))
