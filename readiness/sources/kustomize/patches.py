"""The patches of a kustomization, with the positions that they have in its own file or in theirs."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from readiness.facts.document import LINE_SHIFT, SIZE_BITS, SIZE_MASK, Document, Route, pack
from readiness.model import Span
from readiness.sources.kustomize.layers import LIMITS, Graph, Layer, Patch, beside, local, mappings, read, texts
from readiness.sources.manifests.reader import read_yaml


def patches(graph: Graph, layer: Layer) -> Iterator[Patch]:
    """The patches of one layer, in the order in which kustomize applies them."""
    for index, entry in texts(layer, "patchesStrategicMerge"):
        route: Route = ("patchesStrategicMerge", index)
        if "\n" in entry:
            yield from _inline(graph, layer, route, entry, {})
        else:
            yield from _from_file(graph, layer, route, entry, {})
    for key in ("patches", "patchesJson6902"):
        for index, item in mappings(layer.get(key)):
            target = item.get("target")
            target = target if isinstance(target, dict) else {}
            if isinstance(item.get("path"), str):
                yield from _from_file(graph, layer, (key, index, "path"), item["path"], target)
            elif isinstance(item.get("patch"), str):
                yield from _inline(graph, layer, (key, index, "patch"), item["patch"], target)


def _from_file(graph: Graph, layer: Layer, route: Route, entry: str, target: Mapping[str, Any]) -> Iterator[Patch]:
    path = local(graph, layer, route, entry)
    if path is None:
        return
    shown = beside(layer, entry)
    reading = read(graph, shown, path)
    for document in reading.documents if reading else ():
        yield Patch(document, target, layer.at(*route))


def _inline(graph: Graph, layer: Layer, route: Route, text: str, target: Mapping[str, Any]) -> Iterator[Patch]:
    span = layer.at(*route)
    reading = read_yaml(text, layer.shown, LIMITS)
    for problem in [p for p in reading.problems if p.fatal][:1]:
        graph.refuse(f"the patch cannot be read: {problem.message}, in its line {problem.line}", span)
    for document in reading.documents:
        yield Patch(_moved(document, span, text, layer), target, span)


def _moved(document: Document, span: Span, text: str, layer: Layer) -> Document:
    """A document out of a text within the kustomization, with the positions that it has in that file.

    That holds for a text that is written as a block (`|`); what is in any other stands where its key stands.
    """
    assert document.positions is not None, "it was read from a text"  # noqa: S101
    try:
        lines = (layer.folder / layer.shown.rpartition("/")[2]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    inner = text.splitlines()
    outer = lines[span.line : span.line + len(inner)]
    moved = array("Q")
    if [line.strip() for line in outer] == [line.strip() for line in inner]:
        first = next(n for n, line in enumerate(inner) if line.strip())
        indent = _indent(outer[first]) - _indent(inner[first])
        shift = (span.line << LINE_SHIFT) + (indent << SIZE_BITS)
        moved.extend(entry + shift for entry in document.positions)
    else:
        moved.extend(pack(span.line, span.column, entry & SIZE_MASK) for entry in document.positions)
    return Document(document.value, layer.shown, span.line, moved)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
