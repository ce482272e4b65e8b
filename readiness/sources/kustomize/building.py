"""Runs kustomize, twice at once: the plain build is the truth, one with origins says where each object comes from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readiness.facts.document import Document, Route
from readiness.facts.objects import Resource
from readiness.facts.writings import Note, Remark, Writing
from readiness.model import Gap, Input, Span
from readiness.model import Reading as Became
from readiness.sources.harvest import Harvest
from readiness.sources.kustomize.layers import Graph, Layer
from readiness.sources.kustomize.locating import Built
from readiness.sources.kustomize.origins import Origin, Sources, annotated
from readiness.sources.kustomize.targets import hits
from readiness.sources.manifests import unpacked
from readiness.sources.manifests.reader import Limits, read_yaml, without_collection
from readiness.sources.manifests.reading import Reading
from readiness.sources.programs import Ran, find, how_to_install, missing, run, words

OLDEST = 4  # kubectl before 1.21 has kustomize 2 inside, which builds other objects
_LIMITS = Limits(file_bytes=64 << 20, seconds=60.0)
_MANY = 500
_VERSION = re.compile(r"v?(\d+)\.\d+\.\d+")
_ERROR = re.compile(r'^.*?\] "command failed" err=(?:"(?P<text>.*)"|<\n(?P<lines>.*)\n\s*>)$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Builder:
    """A program that builds overlays: kustomize, or kubectl with the kustomize in it."""

    program: str
    command: tuple[str, ...]
    version: tuple[str, ...]

    def build(self, folder: Path, home: Path) -> Ran:
        """Build the overlay in `folder`. Files outside of an overlay's own folders are not loaded, no plugin runs."""
        arguments = [*self.command, "--load-restrictor=LoadRestrictionsRootOnly", "--", str(folder)]
        return run(self.program, arguments, cwd=home, environment=_environment(home))

    def too_old(self, home: Path) -> str:
        """Why this program cannot be used, or an empty text."""
        ran = run(self.program, self.version, cwd=home, environment=_environment(home))
        if not ran.ok:
            return f"{self.program} does not say its version: {ran.said}"
        said = ran.out.decode("utf-8", "replace")
        if "kubectl" in self.program:
            try:
                said = str(json.loads(said).get("kustomizeVersion") or "v2.0.3")
            except (ValueError, AttributeError):
                said = ""
        version = _VERSION.search(said)
        if version is None:
            return f"{self.program} does not say its version"
        if int(version[1]) < OLDEST:
            return f"{self.program} builds with kustomize {version[0]}, wanted 4 or newer"
        return ""


def builder(root: Path) -> Builder | str:
    """The program to use, or why there is none."""
    kustomize = find("kustomize", root)
    if kustomize:
        return Builder(kustomize, ("build",), ("version",))
    kubectl = find("kubectl", root)
    if kubectl:
        return Builder(kubectl, ("kustomize",), ("version", "--client", "--output=json"))
    said = missing("kustomize", "the overlay cannot be built")
    return said.replace("kustomize is not", "neither kustomize nor kubectl is", 1)


def build_all(program: Builder, graphs: Sequence[tuple[str, Graph]], harvest: Harvest) -> None:
    """Build every overlay whose graph refuses nothing, a few at once, and take what comes out."""
    with TemporaryDirectory(prefix="readiness-kustomize-") as name, ThreadPoolExecutor(_room()) as pool:
        home = Path(name)
        version = pool.submit(program.too_old, home)
        runs: list[tuple[str, Graph, Future[Ran] | None, Future[Ran] | None]] = []
        for number, (path, graph) in enumerate(graphs):
            if graph.top is None or graph.refused:
                runs.append((path, graph, None, None))
                continue
            folder = Path(os.path.realpath(graph.top.folder))
            wrapper = _wrapper(home / str(number), folder)
            plain = pool.submit(program.build, folder, home)
            # Kustomize takes seconds for a thousand objects; then names alone say where an object comes from.
            many = sum(len(layer.written) for layer in graph.top.each()) > _MANY
            runs.append((path, graph, plain, None if many else pool.submit(program.build, wrapper, home)))
        wrong = version.result()
        for number, (path, graph, built, origins) in enumerate(runs):
            harvest.notes += graph.notes
            if built is None:
                harvest.lost(path, *graph.refused)
            elif wrong:
                span = Span(graph.top.shown if graph.top else path, 1)
                harvest.lost(path, Gap("kustomize", wrong, span, advice=how_to_install("kustomize")))
            else:
                said = origins.result() if origins else Ran(None)
                _gather(path, graph, built.result(), said, home / str(number), harvest)


def _room() -> int:
    return max(2, min(os.cpu_count() or 2, 8))


def _environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "TMPDIR": str(home), "KUBECONFIG": str(home / "kubeconfig")}


def _wrapper(wrapper: Path, folder: Path) -> Path:
    """A kustomization that includes the overlay and asks for origins; the overlay itself stays as it is."""
    wrapper.mkdir()
    inside = os.path.relpath(folder, os.path.realpath(wrapper))
    text = json.dumps({"resources": [inside], "buildMetadata": ["originAnnotations"]})
    (wrapper / "kustomization.yaml").write_text(text, encoding="utf-8")
    return wrapper


def _gather(path: str, graph: Graph, plain: Ran, origins: Ran, wrapper: Path, harvest: Harvest) -> None:
    top = graph.top
    assert top is not None, "a graph without a top is refused"  # noqa: S101
    if not plain.ok:
        harvest.lost(path, _failure(graph, top, plain))
        return
    harvest.notes += [f"kustomize says of {path}: {line}" for line in words(plain.err).splitlines() if line.strip()]
    for reading_of, reading in graph.readings.items():
        _written(reading_of, reading, harvest)
    text = plain.out.decode("utf-8", "replace")
    with without_collection():
        reading = read_yaml(text, top.shown, _LIMITS)
        said = annotated(origins.out, os.path.realpath(wrapper)) if origins.ok else {}
        _take(path, top, reading, said, harvest)


def _take(path: str, top: Layer, reading: Reading, said: dict[Any, Origin], harvest: Harvest) -> None:
    fatal = [p for p in reading.problems if p.fatal]
    for problem in fatal:
        span = Span(top.shown, problem.line, problem.column, rendered=True)
        harvest.gaps.append(Gap("kustomize", problem.message, span))
    sources, count = Sources(top), 0
    built: list[tuple[Built, dict[str, Any]]] = []
    for document in reading.documents:
        for body, base in _objects(document):
            locator = Built(document, base, sources.find(body, said), top)
            built.append((locator, body))
            harvest.resources.append(Resource(body, locator, namespace=harvest.namespace))
            count += 1
    if fatal:
        harvest.inputs.append(Input(path, Became.NOT_EXAMINED, fatal[0].message, count))
        return
    harvest.gaps += _idle_patches(top, built)
    if not count:
        cause = "the overlay builds no objects, so there is nothing to check"
        advice = "a component is built by what includes it" if top.get("kind") == "Component" else ""
        harvest.lost(path, Gap("kustomize", cause, Span(top.shown, 1), advice=advice))
    else:
        harvest.inputs.append(Input(path, Became.CHECKED, "", count))


def _idle_patches(top: Layer, built: Sequence[tuple[Built, dict[str, Any]]]) -> Iterator[Gap]:
    """Patches whose target is no object of the build. Kustomize says nothing of them, and its user believes they work.

    Where an object is deleted, or where one came from is not known, nothing is claimed.
    """
    layers = list(top.each())
    deletes = any(_deletes(patch.document.value) for layer in layers for patch in layer.patches)
    if deletes or any(locator.source is None for locator, _ in built):
        return
    for layer in layers:
        for patch in layer.patches:
            if patch.target and not any(hits(patch, b.source, body) for b, body in built if b.source):
                cause = "this patch changes nothing: no object is what its target says"
                yield Gap("kustomize", cause, patch.span, advice="mend `target`, or take the patch away")


def _deletes(patch: Any) -> bool:
    return isinstance(patch, dict) and patch.get("$patch") == "delete"


def _objects(document: Document) -> list[tuple[dict[str, Any], Route]]:
    """What kustomize prints are objects, always: it refuses anything else."""
    return list(unpacked(document.value)) if isinstance(document.value, dict) else []


def _written(path: str, reading: Reading, harvest: Harvest) -> None:
    """What is to be said about how a file of the graph is written."""
    if any(w.path == path for w in harvest.writings):
        return
    remarks = tuple(Remark(p.path, p.line, p.column, p.kind, p.message) for p in reading.problems if not p.fatal)
    notes = tuple(Note(path, c.line, c.text, c.alone) for c in reading.comments)
    harvest.writings.append(Writing(path, len(reading.documents), remarks, notes))


def _failure(graph: Graph, top: Layer, ran: Ran) -> Gap:
    """The gap for a build that fails, with the tool's words and the place that they name, as far as they do."""
    said = ran.said
    match = _ERROR.match(said)
    if match:
        lines = (match["lines"] or "").splitlines()
        said = (match["text"] or " ".join(x.strip() for x in lines)).replace('\\"', '"').replace("\\n", "\n")
    said = said.removeprefix("Error: ")
    advice = "this is a component: build what includes it" if top.get("kind") == "Component" else ""
    span = _repeated(graph, said) or _named(top, said) or Span(top.shown, 1)
    return Gap("kustomize", f"kustomize does not build this overlay: {said}", span, advice=advice)


def _repeated(graph: Graph, said: str) -> Span | None:
    """A key that is written twice: kustomize names the line, and not the file."""
    if "already defined" not in said:
        return None
    problems = [p for reading in graph.readings.values() for p in reading.problems if p.kind == "duplicate-key"]
    found = [p for p in problems if f"line {p.line}:" in said]
    return Span(found[0].path, found[0].line, found[0].column) if len(found) == 1 else None


def _named(top: Layer, said: str) -> Span | None:
    """The entry of a kustomization that the words name: the last one of the innermost layer that they name."""
    found = None
    for layer in top.each():
        for key in ("resources", "bases", "components", "patches", "patchesStrategicMerge", "patchesJson6902"):
            listed = layer.get(key)
            for index, item in enumerate(listed if isinstance(listed, list) else []):
                entry = item.get("path") if isinstance(item, dict) else item
                if isinstance(entry, str) and "\n" not in entry and f"{entry}'" in said:
                    found = layer.at(key, index)
    return found
