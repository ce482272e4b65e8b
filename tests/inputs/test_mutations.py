"""Whatever becomes of real manifests: never a crash, and never READY unless everything was examined."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs.manifests import STAGING
from inputs.running import Said, check

FILES = {path.name: path.read_bytes() for path in sorted(STAGING.glob("*.yaml"))}
VALUES = {
    name: [d for d in yaml.load_all(text, Loader=yaml.CSafeLoader) if d]
    for name, text in FILES.items()
}  # fmt: skip
JSON: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 2**63, 1e300, "", "x", "80", "{{ .Values.x }}", "10%", "1e1000000", "\x1b]0;x\x07",
     "x" * 300, [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": [1]}}, ["a", 1, None], [{"name": None}]]
)  # fmt: skip
Route = tuple[str | int, ...]


def routes(value: Any, route: Route = ()) -> Iterator[Route]:
    yield route
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from routes(inner, (*route, key))


NODES = [
    (name, index, route)
    for name, documents in VALUES.items()
    for index, document in enumerate(documents)
    for route in routes(document)
    if route
]


def replaced(documents: list[Any], index: int, route: Route, value: Any) -> list[Any]:
    made = copy.deepcopy(documents)
    here = made[index]
    for step in route[:-1]:
        here = here[step]
    here[route[-1]] = value
    return made


def judged(files: dict[str, bytes]) -> Said:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "shop"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_bytes(text)
        return check(folder, ".")


def holds_what_is_promised(said: Said) -> None:
    assert said.code in (0, 1, 3), said.err
    assert "Traceback" not in said.out + said.err
    assert said.faulty_checks() == []
    listed = {i["name"]: i["reading"] for i in said.entries("inputs")}
    assert listed.keys() == set(FILES)
    if said.code == 0:
        assert set(listed.values()) == {"checked"}
        assert list(said.entries("gaps")) == []
    for character in said.out:
        assert character == "\n" or character.isprintable()


def test_the_unchanged_files_are_ready() -> None:
    assert judged(FILES).code == 0
    assert len(NODES) > 500


@given(st.lists(st.tuples(st.sampled_from(NODES), JSON), min_size=1, max_size=4, unique_by=lambda m: m[0][0]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_type_at_any_place(mutations: list[tuple[tuple[str, int, Route], Any]]) -> None:
    files = dict(FILES)
    for (name, index, route), value in mutations:
        documents = replaced(VALUES[name], index, route, value)
        files[name] = b"\n---\n".join(msgspec.json.encode(document) for document in documents)
    holds_what_is_promised(judged(files))


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_at_any_place(name: str, cuts: list[tuple[int, int, bytes]]) -> None:
    text = FILES[name]
    for at, length, put in cuts:
        start = at % (len(text) + 1)
        text = text[:start] + put + text[start + length :]
    holds_what_is_promised(judged({**FILES, name: text}))
