"""A plan takes as few fixes as can be, and says what no fix will bring."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.engine.assess import Assessment
from readiness.engine.planning import mended, plan
from readiness.engine.verdict import decide
from readiness.facts.texts import ThingAnchor
from readiness.facts.waivers import Waivers
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
)

FINDING = Finding(False, Place(ThingAnchor("thing")), "is bad")


def outcome(
    name: str,
    severity: Severity,
    bad: int = 0,
    of: int = 4,
    *,
    worst: Severity | None = None,
    status: Status | None = None,
    adopted: bool = True,
) -> Outcome:
    page = Page("It is well.", fix="mend it")
    check = Check(name, severity, lambda: iter(()), (), {}, page, Span("x.py", 1), "2026.11")
    judged = tuple(Judged(FINDING, worst or severity, f"{name}{i}") for i in range(bad))
    found = status or (Status.FAILED if bad else Status.PASSED)
    looked = of if found in (Status.PASSED, Status.FAILED) else 0
    return Outcome(check, found, severity, judged, looked_at=looked, well=max(0, looked - bad), adopted=adopted)


def assessed(
    outcomes: list[Outcome], bar: Bar, gaps: tuple[Gap, ...] = (), missing: tuple[str, ...] = ()
) -> Assessment:
    answer = decide(outcomes, gaps, missing, bar)
    return Assessment("shop", "test", answer, tuple(outcomes), gaps, (), (), (), {}, Waivers(()))


def fewest(outcomes: list[Outcome], bar: Bar) -> int | None:
    """By trying every set of fixes, small ones first."""
    failing = [i for i, o in enumerate(outcomes) if o.bad and o.adopted]
    for count in range(len(failing) + 1):
        for chosen in combinations(failing, count):
            tried = [mended(o) if i in chosen else o for i, o in enumerate(outcomes)]
            if decide(tried, (), (), bar).verdict is not Verdict.NOT_READY:
                return count
    return None


severities = st.sampled_from(list(Severity))


@st.composite
def worlds(draw: st.DrawFn) -> list[Outcome]:
    made = []
    for number in range(draw(st.integers(1, 7))):
        of = draw(st.integers(1, 4))
        bad = draw(st.integers(0, of))
        worst = draw(st.none() | severities)
        made.append(outcome(f"a/{number}", draw(severities), bad, of, worst=worst, adopted=draw(st.booleans())))
    return made


@settings(max_examples=300, deadline=None)
@given(worlds(), st.sampled_from([0, 49, 60, 79, 80, 90, 100]))
def test_no_smaller_set_of_fixes_reaches_the_bar(outcomes: list[Outcome], score: int):
    bar = Bar(score, 0)
    made = plan(assessed(outcomes, bar), ())
    assert len(made.needed) == fewest(outcomes, bar)
    assert made.end.verdict is not Verdict.NOT_READY
    assert {s.outcome.check.id for s in made.steps} == {o.check.id for o in outcomes if o.bad and o.adopted}


def test_the_answer_after_each_step_is_what_a_run_would_say_then():
    outcomes = [
        outcome("a/critical", Severity.CRITICAL, 1),
        outcome("a/high", Severity.HIGH, 1),
        outcome("a/low", Severity.LOW, 1),
        outcome("a/fine", Severity.HIGH),
    ]
    made = plan(assessed(outcomes, Bar(90, 0)), ())
    assert [(s.outcome.check.id, s.needed) for s in made.steps] == [
        ("a/critical", True),
        ("a/high", True),
        ("a/low", False),
    ]
    now = list(outcomes)
    for step, index in zip(made.steps, (0, 1, 2), strict=True):
        now[index] = mended(now[index])
        assert step.answer == decide(now, (), (), Bar(90, 0))


def test_a_high_finding_may_stay_where_its_cap_reaches_the_bar():
    outcomes = [outcome("a/high", Severity.HIGH, 1), outcome("a/other", Severity.CRITICAL)]
    assert not plan(assessed(outcomes, Bar(79, 0)), ()).needed
    assert plan(assessed(outcomes, Bar(80, 0)), ()).needed


def test_what_holds_the_score_down_comes_before_what_brings_more():
    outcomes = [
        outcome("a/fine", Severity.CRITICAL),
        outcome("a/little", Severity.LOW, 1, worst=Severity.HIGH),
        outcome("a/more", Severity.MEDIUM, 2),
    ]
    made = plan(assessed(outcomes, Bar(80, 0)), ())
    assert [(s.outcome.check.id, s.needed) for s in made.steps] == [("a/little", True), ("a/more", False)]


def test_of_equal_gains_the_smaller_work_comes_first():
    much, little = outcome("a/much", Severity.MEDIUM, 4, 4), outcome("b/little", Severity.MEDIUM, 1, 1)
    made = plan(assessed([much, little, outcome("a/fine", Severity.LOW)], Bar(100, 0)), ())
    assert [s.outcome.check.id for s in made.steps] == ["b/little", "a/much"]


def test_what_no_fix_brings_is_named():
    gap = Gap("manifests", "the file cannot be read", Span("a.yaml", 3))
    outcomes = [
        outcome("a/fine", Severity.HIGH),
        outcome("a/heavy", Severity.CRITICAL, status=Status.UNKNOWN),
        outcome("a/light", Severity.LOW, status=Status.UNKNOWN),
    ]
    made = plan(assessed(outcomes, Bar(80, 90), (gap,), ("repository",)), ("repository",))
    assert not made.steps
    assert made.open_questions
    assert (made.missing, made.gaps) == (("repository",), (gap,))
    # With the heavy one answered, 55 of 56 are covered: the light one is not needed.
    assert [o.check.id for o in made.unknown] == ["a/heavy"]


def test_mending_does_not_make_known_what_could_not_be_known():
    failed = outcome("a/high", Severity.HIGH, 1)
    assert mended(failed).status is Status.PASSED
    assert mended(replace(failed, reason="the check itself failed: ValueError")).status is Status.UNKNOWN
    assert mended(replace(failed, unproven=(FINDING,))).status is Status.UNKNOWN


@pytest.mark.parametrize("bar", [Bar(0, 0), Bar(80, 80)])
def test_ready_needs_nothing(bar: Bar):
    made = plan(assessed([outcome("a/fine", Severity.HIGH)], bar), ())
    assert (made.steps, made.end.verdict, made.open_questions) == ((), Verdict.READY, False)
