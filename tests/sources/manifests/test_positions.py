"""Values come with the place of each key and item, whatever keys, merges and aliases do to the order."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from readiness.facts.document import Document, Route
from readiness.sources.manifests.reader import read_yaml


def only(text: str) -> Document:
    reading = read_yaml(text, "one.yaml")
    (document,) = reading.documents
    return document


def routes(value: Any, route: Route = ()) -> list[Route]:
    found = [route]
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += routes(item, (*route, key))
    return found


PLAIN = """\
# heading
kind: Deployment
spec:
  containers:
  - name: web
    ports: [80, {port: 81}]
  -
    name: proxy
  empty: {}
"""


@pytest.mark.parametrize(
    ("route", "place"),
    [
        ((), (2, 1)),
        (("kind",), (2, 1)),
        (("spec", "containers"), (4, 3)),
        (("spec", "containers", 0), (5, 5)),
        (("spec", "containers", 0, "ports"), (6, 5)),
        (("spec", "containers", 0, "ports", 1), (6, 17)),
        (("spec", "containers", 0, "ports", 1, "port"), (6, 18)),
        (("spec", "containers", 1), (8, 5)),
        (("spec", "empty"), (9, 3)),
    ],
)
def test_a_route_leads_to_its_key_or_item(route: Route, place: tuple[int, int]) -> None:
    assert only(PLAIN).span(route) == place


@pytest.mark.parametrize(
    "route", [("nothing",), ("kind", "x"), ("spec", "containers", 2), ("spec", "containers", -1), ("spec", 0), (0,)]
)
def test_a_route_that_is_not_written_has_no_span(route: Route) -> None:
    assert only(PLAIN).span(route) is None


def test_the_nearest_place_of_something_missing_is_its_closest_ancestor() -> None:
    document = only(PLAIN)
    assert document.nearest(("spec", "containers", 0, "resources", "limits")) == (5, 5)
    assert document.nearest(("status",)) == (2, 1)


def test_positions_cross_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(only(PLAIN)))  # noqa: S301
    assert copy.span(("spec", "containers", 1, "name")) == (8, 5)
    assert copy.value == only(PLAIN).value


def test_live_objects_have_no_spans() -> None:
    document = Document({"kind": "Pod"}, "cluster", 1)
    assert document.span(("kind",)) is None
    assert document.nearest(("kind",)) == (1, 1)


def test_items_of_a_long_list_are_found() -> None:
    document = only("items:\n" + "".join(f"- name: n{number}\n  nested: {{a: [1, 2]}}\n" for number in range(500)))
    assert document.span(("items", 499, "name")) == (2 + 2 * 499, 3)
    assert document.span(("items", 7, "nested", "a", 1)) == (2 + 2 * 7 + 1, 19)


TANGLED = """\
common: &common
  image: one
  env: [{name: A}, {name: B}]
first:
  <<: *common
  image: two
  after: 1
second:
  image: zero
  image: three
  <<: [{pull: Always, image: four}, *common]
  after: {deep: 1}
third: *common
fourth: {inside: &late {x: 1, x: 2}, y: &end last, inside: 5, again: *late, *end : *late}
fifth: [*common, *common]
"""


def test_merges_aliases_and_repeated_keys_keep_values_and_places_together() -> None:
    document = only(TANGLED)
    assert document.value["first"] == {"image": "two", "env": [{"name": "A"}, {"name": "B"}], "after": 1}
    assert document.value["second"]["image"] == "four"
    assert document.value["fourth"] == {"inside": 5, "true": "last", "again": {"x": 2}, "last": {"x": 2}}
    assert {route: document.span(route) for route in routes(document.value) if route[:1] == ("first",)} == {
        ("first",): (4, 1),
        ("first", "image"): (6, 3),
        ("first", "env"): (3, 3),
        ("first", "env", 0): (3, 9),
        ("first", "env", 0, "name"): (3, 10),
        ("first", "env", 1): (3, 20),
        ("first", "env", 1, "name"): (3, 21),
        ("first", "after"): (7, 3),
    }
    assert document.span(("second", "image")) == (11, 23)
    assert document.span(("second", "env", 1, "name")) == (3, 21)
    assert document.span(("second", "after", "deep")) == (12, 11)
    assert document.span(("third",)) == (13, 1)
    assert document.span(("third", "image")) == (2, 3)
    assert document.span(("fourth", "inside")) == (14, 52)
    assert document.span(("fourth", "again", "x")) == (14, 31)
    assert document.span(("fifth", 1)) == (15, 18)
    assert document.span(("fifth", 1, "env", 1, "name")) == (3, 21)


def test_every_node_of_a_tangled_document_has_exactly_one_entry() -> None:
    document = only(TANGLED)
    assert document.positions is not None
    assert len(document.positions) == len(routes(document.value))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(line_end: str) -> None:
    document = only(line_end.join(["a: 1", "b: 2", "---", "c:", "  d: 3", ""]).replace("---" + line_end, ""))
    assert document.span(("c", "d")) == (4, 3)


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_line_separators_of_yaml_are_no_lines_of_an_editor(character: str) -> None:
    reading = read_yaml(f"a: 'x{character} y'\nb: [1,{character} 2]\n---\nc: d\n---\ne: [\n", "one.yaml")
    first, second = reading.documents
    assert first.span(("b",)) == (2, 1)
    assert first.span(("b", 1)) == (2, 9)
    assert second.span(("c",)) == (4, 1)
    assert [(problem.line, problem.kind) for problem in reading.problems] == [(7, "syntax")]


def test_a_column_beyond_the_table_stays_in_the_table() -> None:
    document = only("a: [" + "x" * 300_000 + ", y, {z: 1}]\n")
    assert document.span(("a", 2, "z")) == (1, (1 << 18) - 1)
