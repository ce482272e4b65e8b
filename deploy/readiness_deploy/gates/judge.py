"""From measurements to a verdict. Pure: no clock, no thread, no network.

Silence is no success: a gate passes by measurements that were good, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from readiness.config.deploy import GateSettings
from readiness_deploy.ports import Verdict

_REACH = 2
"""How many intervals before the end the last good measurement may lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one gate is judged. `enough` good measurements are enough; None means that it is measured until `duration`
    is over. Times in seconds."""

    duration: float
    interval: float = 1.0
    enough: int | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 3


def rule(settings: GateSettings, *, before: bool, duration: float) -> Rule:
    """The rule of these settings. Without a `count`, one good measurement is enough before the switch; after it, the
    whole time is watched."""
    return Rule(
        duration=duration,
        interval=settings.interval,
        enough=settings.count or (1 if before else None),
        failure_limit=settings.failure_limit,
        inconclusive_limit=settings.inconclusive_limit,
    )


@dataclass(frozen=True, slots=True)
class Look:
    """One measurement for the judge: what it says, and when it began and ended, in seconds since the gate began."""

    verdict: Verdict
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the looks up to now add up to. `streak` counts those in a row, up to the last one, that said nothing;
    `reached` is when the last good one ended, and `took` how long it took."""

    good: int = 0
    bad: int = 0
    streak: int = 0
    reached: float = 0.0
    took: float = 0.0

    def and_then(self, look: Look, by: Rule) -> Tally:
        """This tally with one more look. A good one that ended after the time was over says nothing."""
        if look.verdict is Verdict.FAIL:
            return replace(self, bad=self.bad + 1, streak=0)
        if look.verdict is Verdict.PASS and look.ended <= by.duration:
            return replace(self, good=self.good + 1, streak=0, reached=look.ended, took=look.ended - look.began)
        return replace(self, streak=self.streak + 1)


def tally(looks: Iterable[Look], by: Rule) -> Tally:
    """All looks together, in the order in which they ended."""
    sum_of = Tally()
    for look in looks:
        sum_of = sum_of.and_then(look, by)
    return sum_of


def judge(by: Rule, so_far: Tally, elapsed: float) -> Verdict | None:
    """The verdict after `elapsed` seconds; None while it is open.

    - More bad measurements than tolerated: fail, at once.
    - With a number that is enough: pass when it is reached; inconclusive when more measurements in a row than tolerated
      said nothing, or when the time is over.
    - Until the time is over: nothing but a failure decides earlier. Then it passes where there was a good measurement,
      where no more than the tolerated number in a row said nothing at the end, and where the last good one ended no
      more than two intervals before the end. (Where measuring takes longer than an interval, that time counts as one.)
    """
    if so_far.bad > by.failure_limit:
        return Verdict.FAIL
    silent = so_far.streak > by.inconclusive_limit
    over = elapsed >= by.duration
    if by.enough is not None:
        if so_far.good >= by.enough:
            return Verdict.PASS
        return Verdict.INCONCLUSIVE if silent or over else None
    if not over:
        return None
    reach = _REACH * max(by.interval, so_far.took)
    seen_to_the_end = so_far.good > 0 and so_far.reached >= by.duration - reach
    return Verdict.PASS if seen_to_the_end and not silent else Verdict.INCONCLUSIVE


def together(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """One verdict of several gates: fail beats inconclusive, and that beats pass. A failure does not wait for the
    others; everything else does, since one of them may still fail. No gates at all pass."""
    given = list(verdicts)
    if Verdict.FAIL in given:
        return Verdict.FAIL
    if None in given:
        return None
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in given else Verdict.PASS


def because(by: Rule, so_far: Tally, verdict: Verdict) -> str:
    """Why it is so, in words."""
    if verdict is Verdict.FAIL:
        return f"{so_far.bad} bad, {by.failure_limit} tolerated"
    if verdict is Verdict.PASS:
        return f"{so_far.good} good, {so_far.bad} bad"
    if so_far.streak > by.inconclusive_limit:
        return f"{so_far.streak} measurements in a row said nothing, {by.inconclusive_limit} tolerated"
    if not so_far.good:
        return "there was no good measurement"
    if by.enough is not None:
        return f"{so_far.good} good measurements, {by.enough} wanted"
    return f"the last good measurement ended {max(0.0, by.duration - so_far.reached):.1f} s before the end"
