"""Looks at a chart and its values before Helm does: names, schemas, values files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from readiness.facts.document import Document, Route
from readiness.model import Span
from readiness.sources.helm.chart import ChartError, Part
from readiness.sources.helm.copying import read
from readiness.sources.manifests.reader import read_bytes
from readiness.sources.manifests.reading import Reading

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}\Z")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def parts(folder: Path, shown: str, known_as: Mapping[str, str], alias: str = "") -> Part:
    """The chart in `folder` of our copy with the charts in it. Raises ChartError where one may not be given to Helm.

    `known_as` has the user's path for folders that were unpacked from an archive.
    """
    shown = known_as.get(str(folder), shown)
    document = mapping(folder / "Chart.yaml", f"{shown.rstrip('/')}/Chart.yaml".removeprefix("./"))
    name = document.value.get("name")
    if not isinstance(name, str) or not _NAME.match(name) or ".." in name:
        raise ChartError(
            "`name` is wanted to be letters, digits, dashes and dots, and is "
            + (f"{name[:60]!r}" if isinstance(name, str) else "missing" if name is None else "no text"),
            _at(document, ("name",)),
        )
    _check_schema(folder / "values.schema.json", f"{shown}/values.schema.json".removeprefix("./"))
    aliases: dict[str, list[str]] = {}
    for item in _dependencies(document):
        if isinstance(item.get("name"), str):
            called = item.get("alias")
            aliases.setdefault(item["name"], []).append(called if isinstance(called, str) else item["name"])
    return Part(alias or name, folder, shown, dict(_children(folder, shown, known_as, aliases)))


def _children(
    folder: Path, shown: str, known_as: Mapping[str, str], aliases: Mapping[str, list[str]]
) -> Iterator[tuple[str, Part]]:
    """The charts in `charts/`, each under every name that Helm may give to it."""
    charts = folder / "charts"
    for inner in sorted(charts.iterdir()) if charts.is_dir() else ():
        if inner.name.startswith((".", "_")) or not (inner / "Chart.yaml").is_file():
            continue
        child = parts(inner, f"{shown.rstrip('/')}/charts/{inner.name}".removeprefix("./"), known_as)
        for called in aliases.get(child.name, [child.name]):
            yield called, Part(called, child.folder, child.shown, child.children)


def mapping(path: Path, shown: str, *, empty: bool = False) -> Document:
    """The one document of a YAML file, a mapping. Raises ChartError; `empty` allows a file that says nothing."""
    if not path.is_file():
        raise ChartError("there is no such file", Span(shown, 1))
    reading = read_bytes(read(str(path), shown), shown)
    _refuse_broken(reading)
    if not reading.documents:
        if empty:
            return Document({}, shown)
        raise ChartError("wanted a mapping, found an empty file", Span(shown, 1))
    first, *more = reading.documents
    if not isinstance(first.value, dict):
        found = "a list" if isinstance(first.value, list) else "a single value"
        raise ChartError(f"wanted a mapping, found {found}", Span(shown, first.line))
    if more:
        raise ChartError("wanted one document, found several; Helm reads the first alone", Span(shown, more[0].line))
    return first


def missing_dependency(document: Document, name: str) -> Span:
    """Where a chart says that it depends on `name`."""
    for index, item in enumerate(document.value.get("dependencies") or []):
        if isinstance(item, dict) and item.get("name") == name:
            return _at(document, ("dependencies", index, "name"))
    return _at(document, ("dependencies",))


def _dependencies(document: Document) -> Iterator[Mapping[str, Any]]:
    listed = document.value.get("dependencies")
    yield from (item for item in (listed if isinstance(listed, list) else []) if isinstance(item, dict))


def _check_schema(path: Path, shown: str) -> None:
    """A schema that refers to a file or an address would make Helm open it."""
    if not path.is_file():
        return
    reading = read_bytes(read(str(path), shown), shown)
    _refuse_broken(reading)
    for document in reading.documents:
        for route, reference in _references(document.value):
            if not reference.startswith("#"):
                raise ChartError(
                    f"the schema refers to {reference[:100]!r}, outside of itself; such a schema is not evaluated",
                    _at(document, route),
                    "put what it refers to under `$defs`",
                )


def _references(top: Any) -> Iterator[tuple[Route, str]]:
    waiting: list[tuple[Route, Any]] = [((), top)]
    while waiting:
        route, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in _REFERENCES and isinstance(inner, str):
                    yield (*route, key), inner
                waiting.append(((*route, key), inner))
        elif isinstance(value, list):
            waiting += [((*route, index), inner) for index, inner in enumerate(value)]


def _refuse_broken(reading: Reading) -> None:
    for problem in reading.problems:
        if problem.fatal:
            raise ChartError(problem.message, Span(problem.path, problem.line, problem.column))


def _at(document: Document, route: Route) -> Span:
    return Span(document.path, *document.nearest(route))
