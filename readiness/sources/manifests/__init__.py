"""Manifests: Kubernetes objects from YAML and JSON files, folders, globs and standard input."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from readiness.facts.document import Document, Route
from readiness.facts.objects import Objects, Resource, Written
from readiness.facts.writings import Note, Remark, Writing, Writings
from readiness.model import Gap, Input, Origin, Reading, Span, Supply
from readiness.sources.manifests.bulk import read_files
from readiness.sources.manifests.files import Listing, listing
from readiness.sources.manifests.patches import leave_out
from readiness.sources.manifests.reader import read_bytes
from readiness.sources.manifests.reading import Limits, Problem
from readiness.sources.manifests.reading import Reading as TextReading

PROVIDES: frozenset[type] = frozenset({Objects, Writings})
_DEEPEST_LIST = 5
_WANTED = "a Kubernetes object has `apiVersion`, `kind` and `metadata`"
_SHOWN = 5
_TOLD_BY_A_CHECK = frozenset({"duplicate-key"})
Progress = Callable[[int, int], None]


def read(
    paths: Sequence[str],
    root: Path,
    *,
    namespace: str = "default",
    limits: Limits | None = None,
    stdin: Callable[[], bytes] = lambda: b"",
    progress: Progress = lambda _done, _all: None,
) -> Supply:
    """The objects of all files that `paths` mean, relative to `root`; `-` is what `stdin` returns.

    Every file is either read or named in a gap; one bad file never stops the others.
    """
    limits = limits or Limits()
    found = listing([p for p in paths if p != "-"], root, limits)
    leave_out(found)
    gather = Gather(found, namespace)
    paused = gc.isenabled()
    gc.disable()
    try:
        for name, reading in read_files(found.files, limits, progress):
            gather.file(name, reading)
        if "-" in paths:
            gather.file("<stdin>", read_bytes(stdin()[: limits.file_bytes + 1], "<stdin>", limits))
    finally:
        if paused:
            gc.enable()
    return gather.supply()


class Gather:
    """Collects what files say: objects, remarks, gaps, and what became of each file."""

    def __init__(self, found: Listing, namespace: str) -> None:
        self.found, self.namespace = found, namespace
        self.resources: list[Resource] = []
        self.writings: list[Writing] = []
        self.empty: list[str] = []
        self.notes: list[str] = []

    def file(self, name: str, reading: TextReading) -> None:
        before, broken = len(self.resources), [p for p in reading.problems if p.fatal]
        for problem in broken:
            self._gap(problem)
        strangers = [d for d in reading.documents if not self._take(d)]
        count = len(self.resources) - before
        remarks = tuple(Remark(p.path, p.line, p.column, p.kind, p.message) for p in reading.problems if not p.fatal)
        notes = tuple(Note(name, c.line, c.text, c.alone) for c in reading.comments)
        for document in strangers:
            self._stranger(name, document, alone=not count and not broken)
        if broken:
            self.found.inputs.append(Input(name, Reading.NOT_EXAMINED, broken[0].message, count))
        elif count or not strangers:
            self.found.inputs.append(Input(name, Reading.CHECKED, "" if count else "no objects", count))
            self.empty += [] if count else [name]
        self._remember([p for p in reading.problems if not p.fatal and p.kind not in _TOLD_BY_A_CHECK])
        if count or remarks:
            self.writings.append(Writing(name, count, remarks, notes))

    def supply(self) -> Supply:
        facts: Mapping[type, Any] = {Objects: Objects(self.resources), Writings: Writings(tuple(self.writings))}
        found = self.found
        if self.empty:
            more = f" and {len(self.empty) - _SHOWN:,} more" if len(self.empty) > _SHOWN else ""
            self.notes.insert(0, f"no objects in {', '.join(self.empty[:_SHOWN])}{more}")
        gaps, inputs, notes = tuple(found.gaps), tuple(found.inputs), tuple(self.notes)
        return Supply("manifests", PROVIDES, facts, Origin.RENDERED, gaps, inputs, notes)

    def _remember(self, problems: Sequence[Problem]) -> None:
        """What was read though not as it is written; of one file the first few, so that it does not drown the rest."""
        self.notes += [str(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            self.notes.append(f"{problems[0].path}: {len(problems) - _SHOWN:,} more remarks of this kind")

    def _take(self, document: Document) -> bool:
        """Take the objects of one document; False where it holds none."""
        value = document.value
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            return False
        if value["kind"] == "Kustomization" and "metadata" not in value:
            return False
        for body, base in unpacked(value):
            self.resources.append(Resource(body, Written(document, base), namespace=self.namespace))
        for base, cause in unpackable(value):
            span = Span(document.path, *document.nearest(base))
            self.found.gaps.append(Gap("manifests", cause, span, advice=_WANTED))
        return True

    def _gap(self, problem: Problem) -> None:
        span = Span(problem.path, problem.line, problem.column)
        self.found.gaps.append(Gap("manifests", problem.message, span))

    def _stranger(self, name: str, document: Document, *, alone: bool) -> None:
        """A document that is no object. A lone one in a folder may be a values file; any other is a gap."""
        value = document.value
        # An `apiVersion` that is a number belongs to somebody else's file, such as one for Grafana.
        looks_like_one = isinstance(value, dict) and (
            isinstance(value.get("apiVersion"), str) or "kind" in value or isinstance(value.get("metadata"), dict)
        )
        if alone and isinstance(value, dict) and not looks_like_one and name not in self.found.named:
            self.found.ignore(
                name, "no Kubernetes object: it has no `kind`, no `apiVersion` of Kubernetes and no `metadata`"
            )
            return
        if isinstance(value, dict) and value.get("kind") == "Kustomization":
            self.found.ignore(name, "a kustomization says how to build, it is no manifest; declare it as `kustomize`")
            return
        if not isinstance(value, dict):
            cause = f"wanted an object, found {_called(value)}"
        else:
            cause = f"wanted an object, found a mapping with no {'usable ' if 'kind' in value else ''}`kind`"
        self.found.gaps.append(Gap("manifests", cause, Span(name, document.line), advice=_WANTED))
        if alone:
            self.found.inputs.append(Input(name, Reading.NOT_EXAMINED, cause))


def unpacked(value: dict[str, Any], base: Route = (), depth: int = 0) -> Iterator[tuple[dict[str, Any], Route]]:
    """The objects within one: itself, or the items of a List (`List`, `DeploymentList` …), lists in lists too."""
    kind = value.get("kind")
    items = value.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list) and depth < _DEEPEST_LIST:
        for index, item in enumerate(items):
            if isinstance(item, dict):
                # The items of a typed list (`DeploymentList`) may leave out what the list says.
                inner = item
                if kind != "List" and "kind" not in item:
                    inner = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List"), **item}
                yield from unpacked(inner, (*base, "items", index), depth + 1)
        return
    yield value, base


def unpackable(value: dict[str, Any], base: Route = (), depth: int = 0) -> Iterator[tuple[Route, str]]:
    """Items of a List that are no objects, or lie in too many lists, each with what is wrong about it."""
    kind, items = value.get("kind"), value.get("items")
    if not (isinstance(kind, str) and kind.endswith("List") and isinstance(items, list)):
        return
    if depth >= _DEEPEST_LIST:
        yield base, f"lists lie in lists, more than {_DEEPEST_LIST} deep"
        return
    for index, item in enumerate(items):
        here = (*base, "items", index)
        if not isinstance(item, dict):
            yield here, f"wanted an object in the list, found {_called(item)}"
        elif "kind" in item:
            yield from unpackable(item, here, depth + 1)
        elif kind == "List":
            yield here, "wanted an object in the list, found a mapping with no `kind`"


def _called(value: object) -> str:
    names: dict[type, str] = {list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")
