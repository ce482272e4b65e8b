"""The parts of an overlay: kustomizations as layers, what they write and what they patch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.facts.document import Document, Route
from readiness.model import Gap, Span
from readiness.sources.manifests.bulk import read_file
from readiness.sources.manifests.reading import Limits, Reading

# A patch may be a list of operations.
LIMITS = Limits(lists=True)
_REMOTE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|git::|[\w.-]+@[\w.-]+:|(?:www\.)?(?:github|gitlab|bitbucket)\.[\w.]+[/:]"
    r"|[^?]*\?(?:ref|version)="
)


@dataclass(frozen=True, slots=True)
class Written:
    """An object as a resource file has it, at `base` within a document. `file` is the file's real path."""

    body: Mapping[str, Any]
    document: Document
    base: Route
    file: str


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: a partial object, or a list of operations. Without a `target`, it names its object itself."""

    document: Document
    target: Mapping[str, Any]
    span: Span


@dataclass(slots=True, eq=False)
class Layer:
    """One kustomization as one other includes it. `bases` come before `components`, its own patches last."""

    document: Document
    folder: Path
    above: Layer | None = None
    component: bool = False
    written: list[Written] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    bases: list[Layer] = field(default_factory=list)
    components: list[Layer] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return self.document.path

    def get(self, key: str) -> Any:
        return self.document.value.get(key)

    def at(self, *route: str | int) -> Span:
        return Span(self.document.path, *self.document.nearest(route))

    def each(self) -> Iterator[Layer]:
        """This layer and all below it, outermost first."""
        yield self
        for layer in (*self.components, *self.bases):
            yield from layer.each()


@dataclass(slots=True)
class Graph:
    """Everything under one overlay. With a gap in `refused`, kustomize must not run."""

    top: Layer | None = None
    refused: list[Gap] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def refuse(self, cause: str, span: Span, advice: str = "") -> None:
        self.refused.append(Gap("kustomize", cause, span, advice=advice))


def read(graph: Graph, shown: str, path: Path) -> Reading | None:
    """A file of the graph, once; None with a refusal where it cannot be read whole."""
    if shown not in graph.readings:
        graph.readings[shown] = read_file(shown, str(path), LIMITS)
    reading = graph.readings[shown]
    broken = [p for p in reading.problems if p.fatal]
    for problem in broken[:1]:
        gap = Gap("kustomize", problem.message, Span(shown, problem.line, problem.column))
        if gap not in graph.refused:
            graph.refused.append(gap)
    return None if broken else reading


def local(graph: Graph, layer: Layer, route: Route, entry: str) -> Path | None:
    """The file or folder of an entry, or None with a refusal."""
    path = layer.folder / entry
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if there and (path.is_dir() or _inside(path, layer.folder)):
        return path
    if there:
        cause = f"{entry} lies outside of the folder of this kustomization, so kustomize does not load it"
        graph.refuse(cause, layer.at(*route), "move it, or make its folder a kustomization and include that")
        return None
    if _REMOTE.match(entry):
        advice = "copy it into the repository"
        graph.refuse(f"{_safe(entry)} is remote: nothing is downloaded here", layer.at(*route), advice)
    else:
        graph.refuse(f"there is no {entry}", layer.at(*route), f"looked in {layer.shown.rpartition('/')[0] or '.'}")
    return None


def beside(layer: Layer, entry: str) -> str:
    """The path of an entry, as a user knows it."""
    return os.path.normpath(f"{layer.shown.rpartition('/')[0] or '.'}/{entry}")


def _safe(address: str) -> str:
    """An address without credentials."""
    return re.sub(r"//[^/@]*@", "//", address)


def texts(layer: Layer, key: str) -> Iterator[tuple[int, str]]:
    listed = layer.get(key)
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, str):
            yield index, entry


def mappings(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield index, item


def _inside(path: Path, folder: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(folder).rstrip("/") + "/")
