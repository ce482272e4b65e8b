"""What a kustomization is made of: walked by us before kustomize runs, so that nothing remote is ever asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from readiness.facts.document import Document, Route
from readiness.model import Span
from readiness.sources.kustomize.layers import Graph, Layer, Written, beside, local, mappings, read, texts
from readiness.sources.kustomize.patches import patches
from readiness.sources.manifests import unpacked
from readiness.sources.manifests.reader import read_yaml

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEEPEST, _MOST = 50, 500
# Fields that make kustomize run a program, or download a chart.
_PROGRAMS = ("helmCharts", "helmChartInflationGenerator")
_DEPRECATED = {
    "bases": "resources",
    "patchesStrategicMerge": "patches",
    "patchesJson6902": "patches",
    "commonLabels": "labels",
    "vars": "replacements",
    "helmChartInflationGenerator": "helmCharts",
}


def walk(path: str, root: Path) -> Graph:
    """The graph of the overlay at `path`, relative to `root`. Faults become refusals; nothing is raised."""
    graph = Graph()
    folder = root / path
    if not folder.is_dir():
        graph.refuse(f"there is no such folder in {root}", Span(path, 1))
    elif not any((folder / name).is_file() for name in FILES):
        graph.refuse("the folder has no kustomization.yaml", Span(path, 1))
    else:
        graph.top = _layer(graph, path, folder, None, ())
    return graph


def _layer(
    graph: Graph, shown: str, folder: Path, above: Layer | None, entered: tuple[str, ...], *, component: bool = False
) -> Layer | None:
    graph.count += 1
    name = next(name for name in FILES if (folder / name).is_file())
    shown_file = os.path.normpath(f"{shown}/{name}")
    document = _kustomization(graph, shown_file, folder / name)
    if document is None:
        return None
    layer = Layer(document, folder, above, component)
    real = os.path.realpath(folder)
    for key in document.value:
        if key in _PROGRAMS and document.value[key]:
            advice = "render the chart with `helm` beside it"
            graph.refuse(f"`{key}` makes kustomize run helm, which is not allowed here", layer.at(key), advice)
        if key in _DEPRECATED:
            graph.notes.append(f"{layer.at(key)}: `{key}` is deprecated, `{_DEPRECATED[key]}` takes its place")
    for key in ("resources", "bases", "components"):
        for index, entry in texts(layer, key):
            _include(graph, layer, (key, index), entry, (*entered, real))
    for key in ("generators", "transformers", "validators"):
        for index, entry in texts(layer, key):
            _check_plugin(graph, layer, (key, index), entry)
    for route, entry in _other_files(layer):
        local(graph, layer, route, entry)
    layer.patches += patches(graph, layer)
    return layer


def _kustomization(graph: Graph, shown: str, path: Path) -> Document | None:
    reading = read(graph, shown, path)
    if reading is None:
        return None
    if not reading.documents:
        graph.refuse("the kustomization is empty", Span(shown, 1))
        return None
    document = reading.documents[0]
    if not isinstance(document.value, dict):
        graph.refuse("wanted a mapping with `resources`, found something else", Span(shown, document.line))
        return None
    return document


def _include(graph: Graph, layer: Layer, route: Route, entry: str, entered: tuple[str, ...]) -> None:
    """One entry of `resources`, `bases` or `components`: a folder or a file; never an address."""
    path = local(graph, layer, route, entry)
    if path is None:
        return
    shown = beside(layer, entry)
    if not path.is_dir():
        reading = read(graph, shown, path)
        for document in reading.documents if reading else ():
            if isinstance(document.value, dict):
                real = os.path.realpath(path)
                layer.written += [Written(body, document, base, real) for body, base in unpacked(document.value)]
        return
    if os.path.realpath(path) in entered:
        graph.refuse(f"{entry} includes this kustomization again: a cycle", layer.at(*route))
    elif len(entered) >= _DEEPEST or graph.count >= _MOST:
        graph.refuse(f"more than {_DEEPEST} levels, or {_MOST} kustomizations in all", layer.at(*route))
    elif not any((path / name).is_file() for name in FILES):
        graph.refuse(f"{entry} has no kustomization.yaml", layer.at(*route), "name a file, or add one")
    else:
        component = route[0] == "components"
        inner = _layer(graph, shown, path, layer, entered, component=component)
        if inner is not None:
            (layer.components if component else layer.bases).append(inner)


def _check_plugin(graph: Graph, layer: Layer, route: Route, entry: str) -> None:
    """A generator or transformer may be built in; one that names a program or an image is refused."""
    if "\n" in entry:
        documents = read_yaml(entry, layer.shown).documents
    else:
        path = local(graph, layer, route, entry)
        if path is None:
            return
        shown = beside(layer, entry)
        if path.is_dir():
            return
        reading = read(graph, shown, path)
        documents = reading.documents if reading else ()
    for document in documents:
        value = document.value if isinstance(document.value, dict) else {}
        metadata = value.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        runs = isinstance(annotations, dict) and "config.kubernetes.io/function" in annotations
        if runs or value.get("kind") == "HelmChartInflationGenerator":
            cause = f"{value.get('kind')} makes kustomize run a program, which is not allowed here"
            graph.refuse(cause, layer.at(*route), "render it beforehand, and check what comes out")


def _other_files(layer: Layer) -> Iterator[tuple[Route, str]]:
    """Further entries that name files, which kustomize would also take from an address."""
    for key in ("crds", "configurations"):
        for index, entry in texts(layer, key):
            yield (key, index), entry
    for key in ("configMapGenerator", "secretGenerator"):
        for index, generator in mappings(layer.get(key)):
            for kind in ("files", "envs"):
                for inner, entry in enumerate(generator.get(kind) or []):
                    if isinstance(entry, str):
                        yield (key, index, kind, inner), entry.partition("=")[2] or entry
            if isinstance(generator.get("env"), str):
                yield (key, index, "env"), generator["env"]
    for index, replacement in mappings(layer.get("replacements")):
        if isinstance(replacement.get("path"), str):
            yield ("replacements", index, "path"), replacement["path"]
    openapi = layer.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield ("openapi", "path"), openapi["path"]
