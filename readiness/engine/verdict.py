"""The score, and the one total function from outcomes to a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from readiness.model import Answer, Bar, Gap, Outcome, Score, Severity, Status, Verdict

CAPS = {Severity.CRITICAL: 49.0, Severity.HIGH: 79.0}
_HEAVY = " or ".join(s.value for s in CAPS)
_EVALUATED = frozenset({Status.PASSED, Status.FAILED})


def score(outcomes: Iterable[Outcome]) -> Score:
    """The weighted share of subjects that pass, 0 to 100, over passed and failed outcomes.

    Where a gap alone makes an outcome unknown, what was looked at beside the gap counts as well: an unread file takes
    nothing from the files that were read, it lowers `covered`. So does a check that found something and then failed
    itself: its findings stand, what it had not looked at yet is not covered. An open critical finding caps it at 49,
    an open high one at 79. Nothing looked at, no score. `covered` is the weight evaluated, of the weight of those
    checks that asked of a declared source and had something to look at.
    """
    counted = [o for o in outcomes if o.adopted]
    evaluated = [o for o in counted if o.status in _EVALUATED]
    seen = [*evaluated, *(o for o in counted if o.gaps and o.looked_at and not o.unproven)]
    weight = sum(o.severity.weight for o in evaluated if not _cut_short(o))
    asked = sum(o.severity.weight for o in counted if o.status in _EVALUATED or o.status is Status.UNKNOWN)
    covered = 100.0 * weight / asked if asked else (100.0 if evaluated else 0.0)
    if not seen:
        return Score(None, covered, None)
    total = sum(o.severity.weight for o in seen)
    # Four of five is 80, and never 79.99999999999999 under a bar of 80.
    plain = round(100 * math.fsum(o.severity.weight * o.share for o in seen) / total, 9) if total else 100.0
    worst = min((j.severity for o in evaluated for j in o.bad), key=lambda s: s.rank, default=Severity.INFO)
    cap = CAPS.get(worst)
    if cap is None or plain <= cap:
        return Score(plain, covered, plain)
    return Score(cap, covered, plain, worst)


def decide(
    outcomes: Sequence[Outcome], gaps: Sequence[Gap], missing: Sequence[str], bar: Bar, *, idle: bool = False
) -> Answer:
    """The verdict. `gaps` are all that declared sources could not read, `missing` the mandatory sources not declared.

    `idle` says that sources of Kubernetes objects are declared, and none of the objects runs anything: that they are
    well says nothing about a service.

    1. An open critical finding, or a score below the bar: NOT READY.
    2. Else a gap, a missing source, an unknown answer that could be critical or high, covered below the bar, or nothing
       (that runs) examined: INCOMPLETE.
    3. Else READY, with waivers where there are some.
    """
    total = score(outcomes)
    no = _against(outcomes, total, bar)
    open_questions = _unanswered(outcomes, gaps, missing, total, bar)
    if idle and total.value is not None:
        open_questions = (*open_questions, "no workload was found: nothing that runs was examined")
    if no:
        return Answer(Verdict.NOT_READY, total, bar, (*no, *open_questions))
    if open_questions:
        return Answer(Verdict.INCOMPLETE, total, bar, open_questions)
    waived = sum(len(o.waived) for o in outcomes if o.adopted)
    if waived:
        return Answer(Verdict.READY_WITH_WAIVERS, total, bar, (f"{waived} waived {_plural('finding', waived)}",))
    return Answer(Verdict.READY, total, bar)


def _against(outcomes: Sequence[Outcome], total: Score, bar: Bar) -> tuple[str, ...]:
    critical = sum(j.severity is Severity.CRITICAL for o in outcomes if o.adopted for j in o.bad)
    said = []
    if critical:
        said.append(f"{critical} critical {_plural('finding', critical)}")
    if total.value is not None and total.value < bar.score:
        why = f", capped by a {total.capped_by.value} finding" if total.capped_by else ""
        said.append(f"score {_whole(total.value)} is below the bar of {bar.score:g}{why}")
    return tuple(said)


def _unanswered(
    outcomes: Sequence[Outcome], gaps: Sequence[Gap], missing: Sequence[str], total: Score, bar: Bar
) -> tuple[str, ...]:
    said = []
    if total.value is None:
        said.append("nothing was examined")
    if gaps:
        said.append(f"{len(gaps)} {_plural('gap', len(gaps))} in what the sources could read")
    said += [f"the source `{name}` is mandatory here and not declared" for name in missing]
    grave = [o.check.id for o in outcomes if o.adopted and o.status is Status.UNKNOWN and o.severity in CAPS]
    if grave and not gaps:
        more = f" and {len(grave) - 1} more" if len(grave) > 1 else ""
        said.append(f"{grave[0]}{more} could not be answered, and what it asks is {_HEAVY}")
    if total.value is not None and total.covered < bar.covered:
        unknown = sum(o.status is Status.UNKNOWN or _cut_short(o) for o in outcomes if o.adopted)
        said.append(
            f"covered {_whole(total.covered)} is below the bar of {bar.covered:g}: "
            f"{unknown} {_plural('check', unknown)} could not be answered"
        )
    return tuple(said)


def _cut_short(outcome: Outcome) -> bool:
    """Whether a check failed itself after it had found something."""
    return outcome.status is Status.FAILED and bool(outcome.reason)


def _whole(value: float) -> str:
    """Never more than was reached: 79.9 does not read as 80."""
    return str(int(value + 1e-9))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
