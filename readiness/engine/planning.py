"""The fewest checks whose findings have to be mended, and what else stands between an environment and READY.

Weights are fixed and the share of each check stands by itself, so what mending a check brings does not depend on the
others. An open critical finding rules READY out, and an open high one caps the score: these come first where they have
to. Of the rest, taking the one that brings most until the bar is reached takes fewest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from readiness.engine.assess import Assessment
from readiness.engine.verdict import CAPS, decide, score
from readiness.model import Answer, Gap, Judged, Outcome, Severity, Status, Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """Mending all open findings of one check, and the answer there would be then. `needed`: READY takes this one."""

    outcome: Outcome
    findings: tuple[Judged, ...]
    answer: Answer
    needed: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from an answer to READY. `steps` are in order, those that READY does not take last.

    `missing` are mandatory sources to declare, `gaps` what the sources could not read, `unknown` the checks without an
    answer, where covered is below the bar: the weightiest first, as many as the bar takes. What these bring to light
    may need more steps. `end` is the answer after the needed steps, with the questions of today still open.
    """

    answer: Answer
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    gaps: tuple[Gap, ...]
    unknown: tuple[Outcome, ...]
    end: Answer

    @property
    def needed(self) -> tuple[Step, ...]:
        return tuple(s for s in self.steps if s.needed)

    @property
    def open_questions(self) -> bool:
        """Whether something has to be declared or made readable before anybody can say READY."""
        return self.end.verdict is Verdict.INCOMPLETE


def plan(assessment: Assessment, missing: Sequence[str]) -> Plan:
    """The plan for one assessment. `missing` are the mandatory sources that the environment does not declare."""
    answer, gaps = assessment.answer, assessment.gaps
    bar = answer.bar
    outcomes = list(assessment.outcomes)
    end, then, steps = answer, list(outcomes), []
    for index in _order(outcomes, bar.score):
        needed = end.verdict is Verdict.NOT_READY
        findings = outcomes[index].bad
        outcome, outcomes[index] = outcomes[index], mended(outcomes[index])
        after = decide(outcomes, gaps, missing, bar)
        steps.append(Step(outcome, findings, after, needed))
        if needed:
            end, then = after, list(outcomes)
    return Plan(answer, tuple(steps), tuple(missing), gaps, tuple(_unknown(then, bar.covered)), end)


def mended(outcome: Outcome) -> Outcome:
    """The outcome as it would be without its open findings. What could not be known stays unknown."""
    doubtful = bool(outcome.unproven or outcome.reason)
    return replace(
        outcome,
        status=Status.UNKNOWN if doubtful else Status.PASSED,
        judged=tuple(j for j in outcome.judged if not j.counts),
        well=outcome.looked_at,
    )


def _order(outcomes: Sequence[Outcome], wanted: float) -> list[int]:
    """The indexes of outcomes with open findings: what has to be mended first, then what brings most for least work."""
    open_ones = [i for i, o in enumerate(outcomes) if o.adopted and o.bad]

    def key(index: int) -> tuple[int, float, int, str]:
        outcome = outcomes[index]
        gain = outcome.severity.weight * (1 - outcome.share)
        return _urgency(outcome, wanted), -gain, len(outcome.bad), outcome.check.id

    return sorted(open_ones, key=key)


def _urgency(outcome: Outcome, wanted: float) -> int:
    worst = min((j.severity for j in outcome.bad), key=lambda s: s.rank)
    if worst is Severity.CRITICAL:
        return 0
    return 1 if worst in CAPS and CAPS[worst] < wanted else 2


def _unknown(outcomes: Sequence[Outcome], wanted: float) -> Iterator[Outcome]:
    """Checks to bring to an answer until `wanted` per cent of the weight are covered, the weightiest first."""
    left = list(outcomes)
    waiting = [i for i, o in enumerate(outcomes) if o.adopted and o.status is Status.UNKNOWN]
    for index in sorted(waiting, key=lambda i: (-outcomes[i].severity.weight, outcomes[i].check.id)):
        if score(left).covered >= wanted:
            return
        yield outcomes[index]
        left[index] = replace(outcomes[index], status=Status.PASSED)
