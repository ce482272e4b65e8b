"""Whatever becomes of real manifests: never a crash, and never READY unless everything was examined."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import HealthCheck, example, given, settings
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


def may_be_values(text: bytes) -> bool:
    """Whether nothing in a file says any more that it holds an object: it is listed as ignored, with that reason."""
    value = yaml.load(text, Loader=yaml.CSafeLoader)
    marks = (isinstance(value.get("apiVersion"), str), "kind" in value, isinstance(value.get("metadata"), dict))
    return not any(marks)


def holds_what_is_promised(files: dict[str, bytes]) -> None:
    said = judged(files)
    assert said.code in (0, 1, 3), said.err
    assert "Traceback" not in said.out + said.err
    assert said.faulty_checks() == []
    listed = {i["name"]: i["reading"] for i in said.entries("inputs")}
    assert listed.keys() == set(FILES)
    if said.code == 0:
        ignored = {name for name, reading in listed.items() if reading == "ignored"}
        assert {listed[name] for name in FILES.keys() - ignored} == {"checked"}
        assert all(may_be_values(files[name]) for name in ignored)
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
    holds_what_is_promised(files)


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=3),
)
@example("service-account.yaml", [(101, 38, b"")])  # no `apiVersion`, no `kind`, no whole `metadata`
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_at_any_place(name: str, cuts: list[tuple[int, int, bytes]]) -> None:
    text = FILES[name]
    for at, length, put in cuts:
        start = at % (len(text) + 1)
        text = text[:start] + put + text[start + length :]
    holds_what_is_promised({**FILES, name: text})
