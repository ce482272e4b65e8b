"""What every report picks out of an assessment: open findings worst first, what was not answered, what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from readiness.engine.assess import Assessment, area
from readiness.model import Input, Judged, Outcome, Reading, Status


class Open(NamedTuple):
    """A bad finding with the outcome that it belongs to."""

    outcome: Outcome
    judged: Judged

    @property
    def where(self) -> str:
        """file:line:column, or the subject's origin where nothing is written."""
        span = self.judged.finding.place.span
        return str(span) if span else self.judged.finding.place.anchor.origin or "-"


def findings(assessment: Assessment) -> list[Open]:
    """Open findings of adopted checks, worst first, then by check, file and line."""
    found = [Open(o, j) for o in assessment.outcomes if o.adopted for j in o.bad]
    return sorted(found, key=_order)


def waived(assessment: Assessment) -> list[Open]:
    """Findings that a waiver covers."""
    return sorted((Open(o, j) for o in assessment.outcomes for j in o.waived), key=_order)


def not_adopted(assessment: Assessment) -> list[Open]:
    """Findings of checks that are newer than the pinned rules: warnings."""
    return sorted((Open(o, j) for o in assessment.outcomes if not o.adopted for j in o.bad), key=_order)


def known(assessment: Assessment) -> int:
    """How many findings are excused because the baseline has them."""
    return sum(j.excused for o in assessment.outcomes for j in o.judged)


def of_status(assessment: Assessment, status: Status) -> list[Outcome]:
    return [o for o in assessment.outcomes if o.status is status]


def tally(outcomes: Sequence[Outcome]) -> Counter[Status]:
    return Counter(o.status for o in outcomes)


def by_area(assessment: Assessment) -> Iterator[tuple[str, list[Outcome]]]:
    """Areas by name with their outcomes, those first where something was asked."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in assessment.outcomes:
        groups.setdefault(area(outcome.check), []).append(outcome)
    yield from sorted(groups.items())


def not_examined(assessment: Assessment) -> list[Input]:
    return [i for i in assessment.inputs if i.reading is Reading.NOT_EXAMINED]


def reading_counts(assessment: Assessment) -> Counter[Reading]:
    return Counter(i.reading for i in assessment.inputs)


def _order(item: Open) -> tuple[int, str, str, int, str]:
    span = item.judged.finding.place.span
    finding = item.judged.finding
    where = (span.path, span.line) if span else ("", 0)
    return item.judged.severity.rank, item.outcome.check.id, *where, finding.place.subject + finding.message
