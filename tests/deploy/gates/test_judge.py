"""The judge, which knows no clock and no network."""

from __future__ import annotations

import itertools

import pytest
from readiness_deploy.gates.judge import Look, Rule, because, judge, rule, tally, together
from readiness_deploy.ports import Verdict

from readiness.config.deploy import GateSettings

PASS, FAIL, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
WORDS = {"g": PASS, "b": FAIL, "?": UNSURE}


def verdict(by: Rule, said: str, elapsed: float | None = None) -> Verdict | None:
    """The verdict on looks that came one each interval: g(ood), b(ad) or ? for those that said nothing."""
    looks = [Look(WORDS[word], i * by.interval, i * by.interval + 0.1) for i, word in enumerate(said)]
    return judge(by, tally(looks, by), len(said) * by.interval if elapsed is None else elapsed)


COUNTED = Rule(duration=60, enough=3, failure_limit=1, inconclusive_limit=2)
WATCHED = Rule(duration=10, failure_limit=1, inconclusive_limit=2)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", None),
        ("gg", None),
        ("ggg", PASS),
        ("gbgg", PASS),
        ("b", None),
        ("bb", FAIL),
        ("gbgb", FAIL),
        ("??", None),
        ("???", UNSURE),
        ("??g", None),
        ("??g??gg", PASS),
        ("gg??g", PASS),
        ("gg???", UNSURE),
        ("b??b", FAIL),
        ("b?b", FAIL),
    ],
)
def test_with_a_number_that_is_enough(said: str, expected: Verdict | None) -> None:
    assert verdict(COUNTED, said) is expected


def test_with_a_number_that_is_enough_the_end_comes_nevertheless() -> None:
    assert verdict(COUNTED, "gg", 59.9) is None
    assert verdict(COUNTED, "gg", 60) is UNSURE
    assert verdict(COUNTED, "", 60) is UNSURE


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", UNSURE),
        ("g" * 10, PASS),
        ("g" * 9 + "?", PASS),
        ("g" * 8 + "??", UNSURE),  # nothing good in the last two intervals
        ("g" * 7, UNSURE),
        ("?" * 9 + "g", PASS),
        ("b" + "g" * 9, PASS),
        ("g" * 8 + "bg", PASS),
        ("g" * 9 + "b", PASS),
        ("g" * 8 + "bb", FAIL),
        ("?" * 10, UNSURE),
    ],
)
def test_until_the_time_is_over(said: str, expected: Verdict) -> None:
    assert verdict(WATCHED, said, 10) is expected
    assert verdict(WATCHED, said, 9.99) is (FAIL if expected is FAIL else None), "only a failure decides earlier"


def test_silence_at_the_end_is_no_success_even_where_the_last_answer_is_near() -> None:
    busy = Rule(duration=10, interval=0.1, inconclusive_limit=2)
    looks = [Look(PASS, 9.5, 9.81), *(Look(UNSURE, t, t + 0.01) for t in (9.82, 9.85, 9.9))]
    assert judge(busy, tally(looks[:3], busy), 10) is PASS
    assert judge(busy, tally(looks, busy), 10) is UNSURE


def test_a_time_of_two_intervals_is_no_success_by_itself() -> None:
    short = Rule(duration=1, interval=1)
    assert judge(short, tally([], short), 1) is UNSURE
    assert judge(short, tally([Look(UNSURE, 0, 0.5)], short), 1) is UNSURE
    assert judge(short, tally([Look(PASS, 0, 0.5)], short), 1) is PASS


def test_what_is_good_but_late_says_nothing() -> None:
    late = [Look(PASS, 9.5, 10.01)]
    assert judge(WATCHED, tally(late, WATCHED), 10.1) is UNSURE
    once = Rule(duration=10, enough=1)
    assert judge(once, tally(late, once), 10.1) is UNSURE


def test_what_is_bad_and_late_still_is_bad() -> None:
    strict = Rule(duration=10)
    assert judge(strict, tally([Look(FAIL, 9.5, 10.5)], strict), 10.6) is FAIL


def test_a_slow_gate_may_be_as_far_from_the_end_as_it_is_slow() -> None:
    slow = Rule(duration=100, interval=1)
    assert judge(slow, tally([Look(PASS, 86, 91)], slow), 100) is PASS
    assert judge(slow, tally([Look(PASS, 86, 89)], slow), 100) is UNSURE


def test_more_looks_never_make_a_failure_undone() -> None:
    """Whatever comes after it, a failure stays; and nothing passes that never was good."""
    for said in map("".join, itertools.product("gb?", repeat=6)):
        for by in (COUNTED, WATCHED):
            final = verdict(by, said, 60)
            assert (final is FAIL) == (said.count("b") > by.failure_limit), said
            if final is PASS:
                assert "g" in said


def test_several_gates_together() -> None:
    assert together([]) is PASS
    assert together([PASS, PASS]) is PASS
    assert together([PASS, None]) is None
    assert together([UNSURE, None]) is None, "one of them may still fail"
    assert together([PASS, UNSURE]) is UNSURE
    assert together([None, UNSURE, FAIL]) is FAIL, "a failure waits for nobody"


def test_without_a_count_one_is_enough_before_and_after_it_the_whole_time_is_watched() -> None:
    settings = GateSettings.model_validate({"name": "x", "traffic": {}, "failure-limit": 2, "interval": 0.5})
    assert rule(settings, before=True, duration=9) == Rule(duration=9, interval=0.5, enough=1, failure_limit=2)
    assert rule(settings, before=False, duration=9).enough is None
    counted = GateSettings.model_validate({"name": "x", "traffic": {}, "count": 7})
    assert {rule(counted, before=b, duration=9).enough for b in (True, False)} == {7}


@pytest.mark.parametrize(
    ("by", "said", "words"),
    [
        (WATCHED, "gbb", "2 bad, 1 tolerated"),
        (WATCHED, "g???", "3 measurements in a row said nothing, 2 tolerated"),
        (WATCHED, "", "no good measurement"),
        (WATCHED, "gg", "8.9 s before the end"),
        (COUNTED, "gg", "2 good measurements, 3 wanted"),
    ],
)
def test_it_says_why(by: Rule, said: str, words: str) -> None:
    final = verdict(by, said, 60)
    assert final is not None
    looks = [Look(WORDS[w], i, i + 0.1) for i, w in enumerate(said)]
    assert words in because(by, tally(looks, by), final)
