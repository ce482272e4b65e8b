"""PromQL, read with the parser of the library."""

import threading
import time

import pytest

from readiness.facts.ports import Expression
from readiness.sources.promql import parse


def test_selectors_come_with_their_labels_windows_and_functions():
    read = parse('sum by (a) (rate(x_total{job="web",code=~"5.."}[5m] offset 1d)) > 0 and absent(up{job!="db"} == 1)')
    assert isinstance(read, Expression)
    first, second = read.selectors
    assert (first.name, first.function, first.seconds) == ("x_total", "rate", 300)
    assert first.matchers == (("job", "=", "web"), ("code", "=~", "5.."))
    assert (second.name, second.function, second.matchers) == ("up", "absent", (("job", "!=", "db"),))
    assert {"sum", "rate", "and", "absent", "==", ">"} <= read.functions
    assert read.metrics == ("x_total", "up")


def test_a_name_may_stand_among_the_labels():
    read = parse('{__name__="web:rate", a="b"}')
    assert isinstance(read, Expression)
    assert read.metrics == ("web:rate",)
    assert read.matchers == (("a", "=", "b"),)


@pytest.mark.parametrize("wrong", ["", "sum(", "rate(x)", "x{a=~'('}", "{}", "unknown(x)", "x >", "up == bool"])
def test_what_prometheus_would_refuse_is_told_in_one_line(wrong: str):
    said = parse(wrong)
    assert isinstance(said, str)
    assert said
    assert "\n" not in said


# Given to the parser unguarded, most of these overflow its native stack, which ends the process.
DEEP = {
    "brackets": "(" * 9_000 + "x" + ")" * 9_000,
    "signs": "-" * 15_000 + "x",
    "sums": "+".join(["x"] * 9_000),
    "words": " and ".join(["x"] * 3_000),
    "calls": "abs(" * 4_000 + "x" + ")" * 4_000,
    "long": "x" * 100_000,
    "quotes": '"' + '\\"' * 9_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_an_expression_that_nobody_wrote_by_hand_is_refused_before_the_parser_sees_it(text: str):
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(parse(text)))
    began = time.thread_time()
    thread.start()
    thread.join()
    assert isinstance(answers[0], str)
    assert time.thread_time() - began < 2


def test_brackets_in_texts_do_not_count():
    read = parse('label_replace(x, "a", "$1", "b", "' + "(x|y)" * 600 + '")')
    assert isinstance(read, Expression)
