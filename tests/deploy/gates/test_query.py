"""PromQL with placeholders: whatever a release is called, the query is about it and about nothing else."""

from __future__ import annotations

import pytest
from readiness_deploy.gates.query import Unfilled, bare, filled, problems, window
from readiness_deploy.ports import Subject
from readiness_deploy.record import Release

from readiness.sources.promql import parse


def about(release: str = "r-1", version: str = "1.4.2") -> Subject:
    return Subject(release=Release(id=release, version=version), colour="green", before=False, duration=1)


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ('x{r="{release}"}', 'x{r="r-1"}'),
        ("x{r='{release}',c='{colour}'}", "x{r='r-1',c='green'}"),
        ("x{v=`{version}`}", "x{v=`1.4.2`}"),
        ('x{v="a-{version}-{colour}"}', 'x{v="a-1.4.2-green"}'),
        ('x{v=~"{version}-.*"}', 'x{v=~"1\\\\.4\\\\.2-.*"}'),
        ("x{v=~ `{version}`}", "x{v=~ `1\\.4\\.2`}"),
        ('x{v!~"{version}",r="{release}"}', 'x{v!~"1\\\\.4\\\\.2",r="r-1"}'),
        ('x{v="{versions}"}', 'x{v="{versions}"}'),
        (
            'label_replace(x{r="{release}"}, "a", "$1", "b", "(.*)")',
            'label_replace(x{r="r-1"}, "a", "$1", "b", "(.*)")',
        ),
        ('x{r="{release}"} # of {release}', 'x{r="r-1"}  '),
    ],
)
def test_what_is_filled_in(query: str, written: str) -> None:
    assert filled(query, about()) == written


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    "name", ['"} or vector(0) or x{a="', "'} or vector(0) #", "\\", "{colour}", "a\nb", "`", 'a\\"b']
)
def test_a_name_stays_a_name(name: str, quote: str) -> None:
    """A version may be called whatever a git ref may be called, and more."""
    read = parse(filled(f"x{{v={quote}{{version}}{quote}}}", about(version=name)))
    assert not isinstance(read, str), read
    assert [(s.name, s.matchers) for s in read.selectors] == [("x", (("v", "=", name),))]


@pytest.mark.parametrize("name", ["1.4", "a+b", "(x|y)*", "[a-z]", "^$", "a\\d"])
def test_a_name_means_nothing_in_a_regular_expression(name: str) -> None:
    import re

    read = parse(filled('x{v=~"{version}"}', about(version=name)))
    assert not isinstance(read, str), read
    ((_, operator, pattern),) = read.selectors[0].matchers
    assert operator == "=~"
    assert re.fullmatch(pattern, name)
    assert not re.fullmatch(pattern, "1x4")
    assert not re.fullmatch(pattern, "x")


@pytest.mark.parametrize(
    ("query", "version"), [('x{v="{version}"}', ""), ("x{v=`{version}`}", "a`b"), ("{colour}_errors", "1")]
)
def test_what_cannot_be_filled_in(query: str, version: str) -> None:
    with pytest.raises(Unfilled):
        filled(query, about(version=version))


@pytest.mark.parametrize(
    "query",
    [
        'sum(rate(errors{release="{release}"}[1m]))',
        'sum(rate(e{release="{release}"}[1m])) / sum(rate(all{colour="{colour}"}[1m]))',
        'histogram_quantile(0.95, sum by (le) (rate(d_bucket{pod=~"pay-{version}-.*"}[1m])))',
        '{__name__="errors", release="{release}"}',
    ],
)
def test_queries_about_the_release(query: str) -> None:
    assert problems(query, everyone=False) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(rate(errors[1m]))", "nothing limits errors"),
        ('sum(rate(errors{release="{release}"}[1m])) / sum(rate(all[1m]))', "nothing limits all"),
        ('sum(rate(errors{release!="{release}"}[1m]))', "nothing limits errors"),
        ('label_replace(errors, "a", "{release}", "b", "c")', "nothing limits errors"),
        ("errors # {release}", "nothing limits errors"),
        ('x{release="{releases}"}', "nothing limits x"),
        ("errors_{colour}", "outside of a text"),
        ("sum(rate(", "no PromQL"),
        ("", "no PromQL"),
        ("vector(1)", "reads no series"),
    ],
)
def test_queries_about_others(query: str, said: str) -> None:
    (problem,) = problems(query, everyone=False)
    assert said in problem


def test_a_query_may_be_meant_to_measure_everyone() -> None:
    assert problems("sum(rate(errors[1m]))", everyone=True) == []
    assert problems("sum(rate(", everyone=True)


def test_how_far_a_query_looks_back() -> None:
    assert window("sum(rate(a[1m])) / sum(rate(b[5m]))") == 300
    assert window("a") == 0
    assert window("sum(") == 0


@pytest.mark.parametrize(
    ("query", "is_one"),
    [
        ("x", True),
        (' x{a="b}"} ', True),
        ('{__name__="x"}', True),
        ("sum(x)", False),
        ('x{a="b"} / y{a="b"}', False),
        ("x[1m]", False),
        ("-x", False),
        ("1", False),
        ("vector(0)", False),
    ],
)
def test_one_selector_and_nothing_else(query: str, is_one: bool) -> None:
    assert bare(query) is is_one
