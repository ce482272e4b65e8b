"""What every report picks out of an assessment: open findings worst first, what was not answered, what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from readiness.engine.assess import Assessment, area
from readiness.model import Input, Judged, Outcome, Reading, Severity, Span, Status, Verdict


class Open(NamedTuple):
    """A bad finding with the outcome that it belongs to."""

    outcome: Outcome
    judged: Judged

    @property
    def where(self) -> str:
        """file:line:column, or the subject's origin where nothing is written."""
        span = self.span
        return str(span) if span else self.judged.finding.place.anchor.origin or "-"

    @property
    def span(self) -> Span | None:
        return self.judged.finding.place.span


Wanted = Callable[[Outcome, Judged], bool]
_SORTED = 10_000
_WORST_FIRST = (Verdict.NOT_READY, Verdict.INCOMPLETE, Verdict.READY_WITH_WAIVERS, Verdict.READY)


def worst_run(assessments: Sequence[Assessment]) -> Assessment:
    """The assessment that decides the exit code; of equal verdicts the one with the lowest score. None is an error."""
    return min(
        assessments,
        key=lambda a: (
            _WORST_FIRST.index(a.answer.verdict),
            -1.0 if a.answer.score.value is None else a.answer.score.value,
        ),
    )


def findings(assessment: Assessment, most: int | None = None) -> list[Open]:
    """Open findings of adopted checks, worst first, then by check, file and line; the `most` worst where given."""
    return picked(assessment.outcomes, lambda o, j: o.adopted and j.counts, most)


def waived(assessment: Assessment, most: int | None = None) -> list[Open]:
    """Findings that a waiver covers."""
    return picked(assessment.outcomes, lambda _o, j: j.waiver is not None, most)


def not_adopted(assessment: Assessment, most: int | None = None) -> list[Open]:
    """Findings of checks that are newer than the pinned rules: warnings."""
    return picked(assessment.outcomes, lambda o, j: not o.adopted and j.counts, most)


def excused(assessment: Assessment, most: int | None = None) -> list[Open]:
    """Findings that stand in the baseline, where only new ones are judged."""
    return picked(assessment.outcomes, lambda _o, j: j.excused and j.waiver is None, most)


def known(assessment: Assessment) -> int:
    """How many findings are excused because the baseline has them."""
    return sum(j.excused for o in assessment.outcomes for j in o.judged)


def picked(outcomes: Iterable[Outcome], wanted: Wanted, most: int | None = None) -> list[Open]:
    """The findings that are wanted, worst first.

    Places are worked out for no more checks than it takes to find `most`, and of one check for no more than 10,000
    findings, or `most`: of more, the first ones that it found are taken.
    """
    groups: dict[tuple[int, str], list[Open]] = {}
    for outcome in outcomes:
        for judged in outcome.judged:
            if wanted(outcome, judged):
                groups.setdefault((judged.severity.rank, outcome.check.id), []).append(Open(outcome, judged))
    found: list[Open] = []
    for key in sorted(groups):
        if most is not None and len(found) >= most:
            break
        group = groups[key] if most is None else groups[key][: max(most, _SORTED)]
        found.extend(sorted(group, key=_order))
    return found if most is None else found[:most]


def count(outcomes: Iterable[Outcome], wanted: Wanted) -> Counter[Severity]:
    """How many findings are wanted, by severity."""
    return Counter(j.severity for o in outcomes for j in o.judged if wanted(o, j))


def open_by_severity(assessment: Assessment) -> Counter[Severity]:
    """How many open findings of adopted checks there are, by severity."""
    return count(assessment.outcomes, lambda o, j: o.adopted and j.counts)


def of_status(assessment: Assessment, status: Status) -> list[Outcome]:
    return [o for o in assessment.outcomes if o.status is status]


def tally(outcomes: Iterable[Outcome]) -> Counter[Status]:
    return Counter(o.status for o in outcomes)


def by_area(assessment: Assessment) -> Iterator[tuple[str, list[Outcome]]]:
    """Areas by name with their outcomes."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in assessment.outcomes:
        groups.setdefault(area(outcome.check), []).append(outcome)
    yield from sorted(groups.items())


def by_reason(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes with the same reason together, in their order."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.reason, []).append(outcome)
    return groups


def not_examined(assessment: Assessment) -> list[Input]:
    return [i for i in assessment.inputs if i.reading is Reading.NOT_EXAMINED]


def reading_counts(assessment: Assessment) -> Counter[Reading]:
    return Counter(i.reading for i in assessment.inputs)


def version(assessments: Sequence[Assessment]) -> str:
    """The version of this program, as the assessments tell it; empty where they do not."""
    return next((str(a.about["tool"]).rpartition(" ")[2] for a in assessments if "tool" in a.about), "")


def _order(item: Open) -> tuple[str, int, str]:
    finding = item.judged.finding
    span = finding.place.span
    where = (span.path, span.line) if span else ("", 0)
    return *where, finding.place.subject + finding.message
