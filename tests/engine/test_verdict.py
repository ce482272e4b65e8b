# ruff: noqa: E501 (a table reads across)
"""The verdict function as a table: each row a world of outcomes, and the one word that follows from it."""

from dataclasses import replace
from datetime import date

import pytest

from readiness.engine.verdict import decide, score
from readiness.facts.texts import ThingAnchor
from readiness.model import (
    Bar,
    Check,
    Finding,
    Gap,
    Judged,
    Outcome,
    Page,
    Place,
    Severity,
    Span,
    Status,
    Verdict,
    Waiver,
)

BAR = Bar(score=80, covered=90)
GAP = Gap("manifests", "the file cannot be read", Span("a.yaml", 1))
WAIVER = Waiver("area/name", "thing", "a reason that is long enough", "team", date(2027, 1, 1))


def outcome(
    status: Status,
    severity: Severity = Severity.MEDIUM,
    *,
    bad: tuple[Severity, ...] = (),
    waived: tuple[Severity, ...] = (),
    excused: tuple[Severity, ...] = (),
    of: int = 10,
    adopted: bool = True,
) -> Outcome:
    """An outcome that looked at `of` things; each severity named is one bad finding on a thing of its own."""
    check = Check("area/name", severity, lambda: iter(()), (), {}, Page("It is well."), Span("x.py", 1), "2026.11")
    finding = Finding(False, Place(ThingAnchor("thing")), "is bad")
    judged = [Judged(finding, s, "mark") for s in bad]
    judged += [Judged(finding, s, "mark", WAIVER) for s in waived]
    judged += [Judged(finding, s, "mark", known=True, excused=True) for s in excused]
    evaluated = status in (Status.PASSED, Status.FAILED)
    return Outcome(
        check,
        status,
        severity,
        tuple(judged),
        looked_at=of if evaluated else 0,
        well=of - len(bad) if evaluated else 0,
        adopted=adopted,
    )


PASSED = outcome(Status.PASSED)
HEAVY = outcome(Status.PASSED, Severity.CRITICAL)

TABLE = [
    # what it is called, outcomes, gaps, missing sources, verdict, exit code, score, covered
    ("all passed", [PASSED], [], [], Verdict.READY, 0, 100, 100),
    ("nothing asked at all", [], [], [], Verdict.INCOMPLETE, 3, None, 0),
    ("nothing applicable", [outcome(Status.NOT_APPLICABLE)], [], [], Verdict.INCOMPLETE, 3, None, 0),
    ("everything skipped", [outcome(Status.SKIPPED)], [], [], Verdict.INCOMPLETE, 3, None, 0),
    ("everything unknown", [outcome(Status.UNKNOWN)], [], [], Verdict.INCOMPLETE, 3, None, 0),
    ("skipped beside passed", [PASSED, outcome(Status.SKIPPED)], [], [], Verdict.READY, 0, 100, 100),
    ("not applicable beside passed", [PASSED, outcome(Status.NOT_APPLICABLE)], [], [], Verdict.READY, 0, 100, 100),
    ("unknown of equal weight", [PASSED, outcome(Status.UNKNOWN)], [], [], Verdict.INCOMPLETE, 3, 100, 50),
    ("a light unknown", [HEAVY, outcome(Status.UNKNOWN, Severity.LOW)], [], [], Verdict.READY, 0, 100, 97.56),
    ("a heavy unknown", [HEAVY] * 9 + [outcome(Status.UNKNOWN, Severity.HIGH)], [], [], Verdict.INCOMPLETE, 3, 100, 96),
    ("covered just below the bar", [outcome(Status.PASSED, Severity.CRITICAL), outcome(Status.UNKNOWN)], [], [],
     Verdict.INCOMPLETE, 3, 100, 88.89),
    ("a gap", [PASSED], [GAP], [], Verdict.INCOMPLETE, 3, 100, 100),
    ("a mandatory source missing", [PASSED], [], ["repository"], Verdict.INCOMPLETE, 3, 100, 100),
    ("a critical finding", [HEAVY, outcome(Status.FAILED, Severity.CRITICAL, bad=(Severity.CRITICAL,), of=1000)], [], [],
     Verdict.NOT_READY, 1, 49, 100),
    ("a critical finding in a light check", [HEAVY, outcome(Status.FAILED, Severity.LOW, bad=(Severity.CRITICAL,))], [], [],
     Verdict.NOT_READY, 1, 49, 100),
    ("a high finding", [HEAVY, outcome(Status.FAILED, Severity.HIGH, bad=(Severity.HIGH,), of=1000)], [], [],
     Verdict.NOT_READY, 1, 79, 100),
    ("a medium finding among many", [HEAVY, outcome(Status.FAILED, bad=(Severity.MEDIUM,))], [], [],
     Verdict.READY, 0, 98.89, 100),
    ("too many medium ones", [outcome(Status.FAILED, bad=(Severity.MEDIUM,) * 3)], [], [], Verdict.NOT_READY, 1, 70, 100),
    ("a finding that costs nothing", [PASSED, outcome(Status.FAILED, Severity.INFO, bad=(Severity.INFO,))], [], [],
     Verdict.READY, 0, 100, 100),
    ("not ready wins over a gap", [outcome(Status.FAILED, bad=(Severity.CRITICAL,))], [GAP], [], Verdict.NOT_READY, 1, 49, 100),
    ("a waived critical", [outcome(Status.PASSED, Severity.CRITICAL, waived=(Severity.CRITICAL,))], [], [],
     Verdict.READY_WITH_WAIVERS, 0, 100, 100),
    ("a waiver does not close a gap", [outcome(Status.PASSED, waived=(Severity.HIGH,))], [GAP], [],
     Verdict.INCOMPLETE, 3, 100, 100),
    ("one waived, one open", [outcome(Status.FAILED, Severity.HIGH, bad=(Severity.HIGH,), waived=(Severity.HIGH,))], [], [],
     Verdict.NOT_READY, 1, 79, 100),
    ("known and excused", [outcome(Status.PASSED, excused=(Severity.CRITICAL,))], [], [], Verdict.READY, 0, 100, 100),
    ("a check newer than the pinned rules", [PASSED, outcome(Status.FAILED, bad=(Severity.CRITICAL,), adopted=False)], [], [],
     Verdict.READY, 0, 100, 100),
]  # fmt: skip


@pytest.mark.parametrize(
    ("outcomes", "gaps", "missing", "verdict", "code", "value", "covered"),
    [r[1:] for r in TABLE],
    ids=[r[0] for r in TABLE],
)
def test_a_world_has_one_verdict(outcomes, gaps, missing, verdict, code, value, covered):
    answer = decide(outcomes, gaps, missing, BAR)
    assert answer.verdict is verdict
    assert answer.verdict.exit_code == code
    assert (answer.score.value is None) is (value is None)
    assert answer.score.value == (None if value is None else pytest.approx(value, abs=0.01))
    assert answer.score.covered == pytest.approx(covered, abs=0.01)
    assert bool(answer.reasons) is (verdict is not Verdict.READY), "every verdict but a plain READY says why"


def test_every_verdict_is_reached():
    assert {row[4] for row in TABLE} == set(Verdict)


def test_the_bar_itself_is_enough():
    nine_of_ten = outcome(Status.FAILED, bad=(Severity.MEDIUM,))
    assert decide([nine_of_ten], [], [], Bar(90, 0)).verdict is Verdict.READY
    assert decide([nine_of_ten], [], [], Bar(90.1, 0)).verdict is Verdict.NOT_READY


def test_equal_shares_reach_the_bar_that_they_are():
    # In binary fractions the weighted sum of these two comes out just below 80.
    four_of_five = [
        outcome(Status.FAILED, severity, bad=(Severity.LOW,), of=5) for severity in (Severity.CRITICAL, Severity.LOW)
    ]
    assert score(four_of_five).value == 80
    assert decide(four_of_five, [], [], Bar(80, 0)).verdict is Verdict.READY


def test_a_check_that_failed_itself_after_a_finding_is_not_covered():
    cut_short = replace(outcome(Status.FAILED, bad=(Severity.LOW,)), reason="the check itself failed: ValueError")
    answer = decide([PASSED, cut_short], [], [], Bar(50, 60))
    assert (answer.verdict, answer.score.covered) == (Verdict.INCOMPLETE, 50)
    assert "1 check could not be answered" in answer.reasons[0]


def test_each_check_has_one_vote_however_many_things_it_looked_at():
    large = outcome(Status.PASSED, of=10_000)
    small = outcome(Status.FAILED, bad=(Severity.MEDIUM,), of=1)
    assert score([large, small]).value == pytest.approx(50)


def test_a_cap_says_what_the_score_would_be():
    capped = score([HEAVY, outcome(Status.FAILED, Severity.HIGH, bad=(Severity.HIGH,), of=1000)])
    assert capped.capped_by is Severity.HIGH
    assert capped.uncapped is not None
    assert capped.uncapped > 99


def test_what_was_seen_beside_a_gap_counts_for_the_score_and_not_as_covered():
    beside = replace(PASSED, status=Status.UNKNOWN, gaps=(GAP,))
    unproven = replace(beside, unproven=(Finding(False, Place(ThingAnchor("thing")), "is absent"),))
    half = outcome(Status.FAILED, bad=(Severity.MEDIUM,) * 5)
    assert score([beside, half]).value == pytest.approx(75)
    assert score([beside, half]).covered == pytest.approx(50)
    assert score([unproven, half]).value == pytest.approx(50)
    assert decide([beside, half], [GAP], [], Bar(70, 90)).verdict is Verdict.INCOMPLETE


def test_objects_of_which_none_runs_say_nothing_about_a_service():
    answer = decide([PASSED], [], [], BAR, idle=True)
    assert answer.verdict is Verdict.INCOMPLETE
    assert answer.reasons == ("no workload was found: nothing that runs was examined",)
    assert (
        decide([outcome(Status.FAILED, bad=(Severity.CRITICAL,))], [], [], BAR, idle=True).verdict is Verdict.NOT_READY
    )
