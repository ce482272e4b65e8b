"""What holds for any value and any bytes."""

from __future__ import annotations

import json
import math
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.facts.document import Route
from readiness.sources.manifests.reader import read_bytes, read_json, read_yaml

WORDS = st.sampled_from(
    ["a", "spec", "# x", "a: b", "- x", "'", '"', "on", "1", "~", "", "---", "ü😀", "{", "&a", "\n", " x"]
)
TEXTS = WORDS | st.text(st.characters(exclude_categories=["C"]) | st.sampled_from("\n\t\u2028\x85"), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=25,
)  # fmt: skip
OBJECTS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5)


class Quoting(yaml.SafeDumper):
    """Writes every text in quotes, so that PyYAML's own rules for plain texts do not matter."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Quoting.add_representer(str, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, style='"'))


def routes(value: Any, route: Route = ()) -> list[Route]:
    found = [route]
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += routes(item, (*route, key))
    return found


def shown(value: Any) -> str:
    """True is not 1, and the order of keys counts."""
    return json.dumps(value)


@given(OBJECTS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_dumped_value_is_read_back_with_a_place_for_each_route(value: dict[str, Any], flow: bool) -> None:
    text = yaml.dump(
        value, Dumper=Quoting, default_flow_style=flow, sort_keys=False, allow_unicode=False, width=math.inf
    )
    reading = read_yaml(text, "x.yaml")
    assert reading.problems == ()
    (document,) = reading.documents
    assert shown(document.value) == shown(value)
    lines = text.split("\n")
    for route in routes(value):
        span = document.span(route)
        assert span is not None
        rest = lines[span[0] - 1][span[1] - 1 :]
        if route and isinstance(route[-1], str):
            key = yaml.dump(route[-1], Dumper=Quoting, allow_unicode=False, width=math.inf).strip()
            assert rest.removeprefix("? ").startswith(key)
        elif route:
            assert rest.strip() not in ("", "]", ",")


@given(OBJECTS, st.sampled_from([None, 1, "\t"]))
@settings(max_examples=100, deadline=None)
def test_json_is_read_back_with_a_place_for_each_route(value: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    reading = read_json(text, "x.json")
    assert reading.problems == ()
    (document,) = reading.documents
    assert shown(document.value) == shown(value)
    lines = text.split("\n")
    for route in routes(value):
        span = document.span(route)
        assert span is not None
        rest = lines[span[0] - 1][span[1] - 1 :]
        if route and isinstance(route[-1], str):
            assert rest.startswith(json.dumps(route[-1]) + ":")


PIECES = st.sampled_from(
    ["a", ": ", "\n", "- ", "[", "]", "{", "}", ", ", "&x ", "*x", "<<: ", "? ", "|", ">", "'", '"', "#", "---\n",
     "...\n", "%YAML 1.1\n", "!t ", "!!int ", "!!binary ", "\t", "  ", "1", ".inf", "{{",
     "\r", "\u2028", "\x85", "\ufeff", "\x00",
     "\\u", "é", "# readiness: x", "0x", "\\", "null", "x: 1\n", "\n  "]
)  # fmt: skip
TANGLES = st.lists(PIECES, max_size=40).map("".join)


@given(st.binary(max_size=200) | TANGLES.map(str.encode), st.sampled_from(["x.yaml", "x.json", "x"]))
@settings(max_examples=600, deadline=None)
def test_no_bytes_break_the_reader(data: bytes, name: str) -> None:
    reading = read_bytes(data, name)
    for document in reading.documents:
        assert document.positions is not None
        found = routes(document.value)
        assert len(document.positions) == len(found)
        assert all(document.span(route) for route in found)
        json.dumps(document.value, allow_nan=False, ensure_ascii=False).encode()
    for problem in reading.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        str(problem).encode()


@given(TANGLES)
@settings(max_examples=300, deadline=None)
def test_a_document_before_a_tangle_is_read(tangle: str) -> None:
    """Whatever follows, an ended document stands (unless the file is no text at all)."""
    reading = read_yaml("first: 1\n...\n---\n" + tangle, "x.yaml")
    assert reading.documents or any(problem.kind == "encoding" for problem in reading.problems)
    if reading.documents:
        assert reading.documents[0].value == {"first": 1}
