"""Hostile texts are stopped early, told about, and do not take the other documents with them."""

from __future__ import annotations

import gc
import time
import tracemalloc
from dataclasses import replace

import pytest

from readiness.sources.manifests.reader import DEFAULT_LIMITS, Limits, Reading, read_bytes, read_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 10)
)
MERGES = "x0: &x0 {k: v}\n" + "".join(f"x{n}: &x{n}\n  <<: [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 60))
MERGED_LISTS = (
    "x0: &x0 [{k: v}]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 60)) + "<<: *x59\n"
)
KEYS = (
    "wide: &wide {"
    + ", ".join(f"k{n}: v" for n in range(600))
    + "}\n"
    + "".join(f"m{n}:\n  <<: [*wide]\n" for n in range(300))
)

HOSTILE = {
    "billion laughs": (LAUGHS, "limit", "200,000"),
    "merged lists": (MERGED_LISTS, "limit", "200,000"),
    "deep flow": ("[" * 100_000, "limit", "100 levels"),
    "deep mappings": ("{a: " * 2_000, "limit", "100 levels"),
    "deep block": ("- " * 1_100 + "x", "limit", "100 levels"),
    "deep lines": ("".join(" " * n + "k:\n" for n in range(1_100)), "limit", "100 levels"),
    "deep keys": ("? " * 1_100 + "x", "syntax", "list or a mapping"),
    "long value": ("a: " + "x" * (1 << 20) + "y", "limit", "1,048,577"),
    "long text": ("a: '" + "x" * (1 << 20) + "y'", "limit", "1,048,577"),
    "long key": ("? " + "x" * (1 << 20) + "y\n: a", "limit", "1,048,577"),
    "self": ("a: &a {b: {c: [*a]}}", "alias", "cyclic"),
    "merged self": ("a: &a\n  <<: *a", "alias", "cyclic"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_stopped_and_the_others_are_read(name: str) -> None:
    text, kind, words = HOSTILE[name]
    before = time.thread_time()
    reading = read_bytes(f"before: 1\n---\n{text}\n---\nafter: 2\n".encode(), "x.yaml")
    assert time.thread_time() - before < 0.5
    assert [document.value for document in reading.documents] == [{"before": 1}, {"after": 2}]
    ((found, message),) = [(problem.kind, problem.message) for problem in reading.problems if problem.fatal]
    assert (found, words in message) == (kind, True)


def test_merges_of_merges_stay_as_small_as_their_result() -> None:
    before = time.thread_time()
    (document,) = read_yaml(MERGES, "x.yaml").documents
    assert time.thread_time() - before < 0.5
    assert document.value["x59"] == {"k": "v"}
    assert document.span(("x59", "k")) == (1, 10)


@pytest.mark.parametrize("text", [LAUGHS, MERGES, MERGED_LISTS], ids=["laughs", "merges", "merged lists"])
def test_bombs_are_stopped_before_they_take_memory(text: str) -> None:
    tracemalloc.start()
    try:
        read_yaml(text, "x.yaml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


def test_a_bomb_is_told_where_it_stands() -> None:
    (problem,) = read_yaml(LAUGHS, "x.yaml").problems
    assert problem.line == 6


def test_merged_keys_are_counted() -> None:
    limits = replace(DEFAULT_LIMITS, expanded_nodes=1_000_000)
    (problem,) = read_yaml(KEYS, "x.yaml", limits).problems
    assert "more than 100,000 keys" in problem.message
    assert problem.line == 2 * (100_000 // 600) + 3


def fatal(reading: Reading) -> list[tuple[int, str]]:
    return [(problem.line, problem.kind) for problem in reading.problems if problem.fatal]


def test_anchors_that_move_are_paid_for() -> None:
    text = "top:\n" + "".join(
        f"{' ' * depth}- &a{depth}\n{' ' * depth} k: 1\n{' ' * depth} k:\n" for depth in range(1, 40)
    )
    small = Limits(expanded_nodes=50)
    assert fatal(read_yaml(text + " " * 41 + "[1, 2, 3, 4, 5, 6]\n", "x.yaml", small))[0][1] == "limit"


def test_too_many_documents_are_told_and_the_first_ones_kept() -> None:
    text = "".join(f"---\na: {n}\n" for n in range(10))
    reading = read_yaml(text, "x.yaml", Limits(documents=7))
    assert len(reading.documents) == 7
    assert fatal(reading) == [(15, "limit")]
    assert "not examined" in reading.problems[0].message


def test_broken_documents_count_too() -> None:
    reading = read_yaml("---\na: [\n" * 10, "x.yaml", Limits(documents=4))
    assert [kind for _, kind in fatal(reading)] == ["syntax"] * 4 + ["limit"]


def test_json_values_are_counted() -> None:
    reading = read_bytes(b'{"a": 1} ' * 10, "x.json", Limits(documents=7))
    assert len(reading.documents) == 7
    assert fatal(reading) == [(1, "limit")]


@pytest.mark.parametrize(
    "text", ["a: [" + "x," * 9_000 + "]", '{"a": [' + "1," * 9_000 + "1]}", "a: [" + "[]," * 9_000 + "]"]
)
def test_nodes_are_counted(text: str) -> None:
    assert [kind for _, kind in fatal(read_bytes(text.encode(), "x.yaml", Limits(written_nodes=8_000)))] == ["limit"]
    assert fatal(read_bytes(text.encode(), "x.yaml", Limits(written_nodes=19_000))) == []


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_time_is_bounded(name: str) -> None:
    reading = read_bytes(('{"a": [' + "1, " * 9_000 + "1]}").encode(), name, Limits(seconds=0.0))
    (problem,) = reading.problems
    assert (problem.kind, problem.fatal) == ("limit", True)
    assert "not examined" in problem.message


def test_large_data_is_not_read() -> None:
    reading = read_bytes(b"a: " + b"x" * (5 << 20), "x.yaml")
    assert fatal(reading) == [(1, "limit")]
    assert "5 MiB" in reading.problems[0].message


def test_many_repeated_keys_are_counted_and_not_all_told() -> None:
    reading = read_yaml("a: 1\n" * 5_000, "x.yaml", Limits(duplicates=10))
    assert [document.value for document in reading.documents] == [{"a": 1}]
    assert len(reading.problems) == 11
    assert "not listed" in reading.problems[-1].message


@pytest.mark.parametrize(
    "text",
    [
        "---\n" * 5_000,
        "---\na: [\n" * 4_900,
        "".join(f"- &a{n} {{x: 1, x: {n}}}\n" for n in range(20_000)),
        "a:\n" + "".join(f" k{n}: 1\n" for n in range(20_000)) + "".join(f" k{n}: 2\n" for n in range(20_000)),
        "# readiness: x " * 100_000,
        "a: '# readiness: x '\n---\n" * 4_000,
        "a: |\n" + "  # readiness: x\n" * 50_000,
        "a: 1\n" * 3 + "x" * 1_000_000 + "\nb: [",
        "{{" * 200_000,
        "a: " + "{" * 90 + " " * 500_000,
    ],
    ids=range(10),
)  # fmt: skip
def test_effort_grows_with_the_text_only(text: str) -> None:
    before = time.thread_time()
    read_bytes(text.encode(), "x.yaml")
    assert time.thread_time() - before < 2.0


def test_limits_beyond_the_position_table_are_refused() -> None:
    with pytest.raises(ValueError, match="must not exceed"):
        Limits(written_nodes=5_000_000)


def test_garbage_collection_is_as_before() -> None:
    assert gc.isenabled()
    read_bytes(b"a: [", "x.yaml")
    assert gc.isenabled()
