"""Renders charts: copy, look, let Helm work on the copy, read what it printed, trace it back."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.facts.document import Document
from readiness.facts.objects import Objects, Resource
from readiness.facts.writings import Note, Remark, Writing, Writings
from readiness.model import Gap, Input, Origin, Span, Supply
from readiness.model import Reading as Became
from readiness.sources.harvest import Harvest
from readiness.sources.helm import faults, tokens, values
from readiness.sources.helm.chart import Chart, ChartError, Part
from readiness.sources.helm.command import Bounded, environment, together
from readiness.sources.helm.copying import Copying
from readiness.sources.helm.output import Piece, pieces
from readiness.sources.helm.tracing import Template, Templated, Trace
from readiness.sources.helm.vetting import parts
from readiness.sources.manifests import unpacked
from readiness.sources.manifests.reader import Limits, read_yaml, without_collection
from readiness.sources.programs import Ran, how_to_install, words
from readiness.sources.schemas import versions

_LINE = re.compile(r"\bline (\d+)\b")
_TESTS = frozenset({"test", "test-success", "test-failure"})
OLDEST = (3, 10)  # the first one with --set-json
_LIMITS = Limits(file_bytes=64 << 20, seconds=60.0)


@dataclass(slots=True)
class Release:
    """One chart on its way: the copy that Helm renders, the marked copy, and the flags for both."""

    chart: Chart
    folder: Path
    top: Part
    marked: Part | None
    flags: list[str]
    stdin: bytes
    writings: list[Writing]
    plain: Ran = field(default_factory=lambda: Ran(None))
    tokens: Ran = field(default_factory=lambda: Ran(None))


def render_all(
    helm: str, charts: Sequence[Chart], root: Path, folder: Path, *, namespace: str, kubernetes: str
) -> Supply:
    """The supply of all charts; `folder` is a private one for copies."""
    harvest = Harvest(namespace)
    homes = folder / "home"
    homes.mkdir()
    command = Bounded(helm, cwd=homes, environment=environment(homes))
    version = kubernetes or versions()[-1]
    exact = version if version.count(".") > 1 else f"{version}.0"
    releases = []
    for number, chart in enumerate(charts):
        try:
            here = folder / str(number)
            here.mkdir()
            releases.append(_prepare(chart, root, here, namespace, exact))
        except ChartError as fault:
            harvest.lost(chart.path, _gap(chart, fault))
    wrong = together(_render(command, releases))
    if wrong:
        for release in releases:
            span = Span(_in_chart(release.chart, "Chart.yaml"), 1)
            harvest.lost(release.chart.path, Gap("helm", wrong, span, advice=how_to_install("helm")))
    else:
        for release in releases:
            _gather(release, harvest)
    if not kubernetes and releases and not wrong:
        harvest.notes.append(f"charts see Kubernetes {version}, since `kubernetes` says nothing else")
    brought: dict[type, Any] = {Objects: Objects(harvest.resources), Writings: Writings(tuple(harvest.writings))}
    return Supply(
        "helm",
        frozenset(brought),
        brought if harvest.resources or len(harvest.inputs) > len(harvest.gaps) else {},
        Origin.RENDERED,
        tuple(harvest.gaps),
        tuple(harvest.inputs),
        tuple(dict.fromkeys(harvest.notes)),
    )


def _prepare(chart: Chart, root: Path, folder: Path, namespace: str, kubernetes: str) -> Release:
    """Copy and look. Raises ChartError for what Helm may not see."""
    source = root / chart.path
    if not (source / "Chart.yaml").is_file():
        raise ChartError(
            "there is no chart here: it has no Chart.yaml" if source.is_dir() else "there is no such folder",
            Span(chart.path, 1),
            f"`chart` names the folder that holds Chart.yaml; looked in {root}",
        )
    real, top = os.path.realpath(source), os.path.realpath(root)
    copying = Copying(top if real == top or real.startswith(top.rstrip("/") + "/") else real)
    copying.folder(source, folder / "chart", chart.path)
    part = parts(folder / "chart", chart.path, copying.shown)
    copies, writings = values.files(chart, root, folder)
    flags, stdin = values.given(chart.set)
    marked = _mark(part, folder, copying.shown)
    flags = [
        f"--namespace={namespace}",
        f"--kube-version={kubernetes}",
        "--include-crds",
        *(f"--api-versions={api}" for api in chart.api_versions),
        *(f"--values={copy}" for copy in copies),
        *(["--values=-"] if stdin else []),
        *flags,
        "--",
        chart.release or part.name,
    ]
    return Release(chart, folder, part, marked, flags, stdin, writings)


def _mark(part: Part, folder: Path, shown: Mapping[str, str]) -> Part | None:
    copy = folder / "marked"
    shutil.copytree(folder / "chart", copy)
    there = {name.replace(str(folder / "chart"), str(copy), 1): known for name, known in shown.items()}
    marked = parts(copy, part.shown, there)
    return marked if tokens.mark_chart(marked) else None


async def _render(command: Bounded, releases: Sequence[Release]) -> str:
    """Render all, a few at once. Returns why this Helm cannot be used, or an empty text."""
    room = asyncio.Semaphore(max(2, min(os.cpu_count() or 2, 8)))

    async def template(release: Release, folder: Path) -> Ran:
        async with room:
            return await command.ask(["template", *release.flags, str(folder)], release.stdin)

    async def render(release: Release) -> None:
        both = [template(release, release.top.folder)]
        if release.marked:
            both.append(template(release, release.marked.folder))
        release.plain, *marked = await asyncio.gather(*both)
        release.tokens = marked[0] if marked else release.tokens

    if not releases:
        return ""
    wrong, *_ = await asyncio.gather(command.wrong_version(OLDEST), *(render(r) for r in releases))
    return str(wrong)


def _gather(release: Release, harvest: Harvest) -> None:
    """Take what one rendering brought: objects, or the gap that it left."""
    chart, printed = release.chart, pieces(release.tokens.out.decode("utf-8", "replace"))
    by_source: dict[str, str] = {}
    for piece in printed:
        by_source[piece.source] = by_source.get(piece.source, "") + "\n".join(piece.lines) + "\n"
    marked = tokens.marked_texts(by_source)
    said = values.without_secrets(release.plain.said if not release.plain.ok else words(release.plain.err), chart.set)
    said = said.replace(f"{release.folder}/", "").replace(f"{release.folder.parent}/", "")
    if not release.plain.ok:
        harvest.lost(chart.path, faults.failure(said, chart.path, release.top, marked))
        return
    harvest.notes += [f"helm says of {chart.path}: {line}" for line in faults.warnings(said, release.folder)]
    harvest.writings += release.writings
    with without_collection():
        _read(release, release.plain.out.decode("utf-8", "replace"), marked, harvest)


def _read(release: Release, text: str, marked: Mapping[str, str], harvest: Harvest) -> None:
    found = pieces(text)
    trace = Trace(found, dict(_templates(release.top, found)), marked)
    reading = read_yaml(text, release.chart.path, _LIMITS)
    fatal = [p for p in reading.problems if p.fatal]
    harvest.gaps += [Gap("helm", f"rendered: {p.message}", trace.span(p.line, p.column)) for p in fatal]
    before = len(harvest.resources)
    counts: dict[str, int] = {}
    for document in reading.documents:
        taken = _take(document, trace, harvest)
        path = trace.span(document.line, 1).path
        counts[path] = counts.get(path, 0) + taken
    remarks, notes = [], []
    for problem in reading.problems:
        if not problem.fatal:
            at = trace.span(problem.line, problem.column)
            told = _LINE.sub(lambda m: f"line {trace.span(int(m[1]), 1).line}", problem.message)
            remarks.append(Remark(at.path, at.line, at.column, problem.kind, told))
    for comment in reading.comments:
        if not comment.text.startswith("Source:"):
            at = trace.span(comment.line, 1)
            notes.append(Note(at.path, at.line, comment.text, comment.alone))
    for path, count in counts.items():
        own = tuple(r for r in remarks if r.path == path), tuple(n for n in notes if n.path == path)
        harvest.writings.append(Writing(path, count, *own))
    number = len(harvest.resources) - before
    if fatal:
        harvest.inputs.append(Input(release.chart.path, Became.NOT_EXAMINED, fatal[0].message, number))
    elif not number:
        cause = "the chart renders to no objects with these values, so there is nothing to check"
        harvest.lost(release.chart.path, Gap("helm", cause, Span(_in_chart(release.chart, "Chart.yaml"), 1)))
    else:
        harvest.inputs.append(Input(release.chart.path, Became.CHECKED, "", number))


def _take(document: Document, trace: Trace, harvest: Harvest) -> int:
    """The objects of one document; a gap where it is none."""
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        cause = "the template renders to something that is no Kubernetes object: it has no usable `kind`"
        harvest.gaps.append(Gap("helm", cause, trace.span(document.line, 1)))
        return 0
    if _is_test(value):
        at = trace.span(document.line, 1)
        harvest.notes.append(f"{at}: a test hook is left out: it runs by `helm test` alone, no release holds it")
        return 0
    bodies = list(unpacked(value))
    for body, base in bodies:
        harvest.resources.append(Resource(body, Templated(document, base, trace), namespace=harvest.namespace))
    return len(bodies)


def _is_test(value: Mapping[str, Any]) -> bool:
    """Whether an object is a hook that only `helm test` runs."""
    metadata = value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    hooks = annotations.get("helm.sh/hook") if isinstance(annotations, dict) else None
    named = {hook.strip() for hook in hooks.split(",")} if isinstance(hooks, str) else set()
    return bool(named) and named <= _TESTS


def _templates(top: Part, found: Sequence[Piece]) -> Iterator[tuple[str, Template]]:
    for source in {piece.source for piece in found}:
        file = top.file(source)
        if file is None:
            continue
        path, shown = file
        try:
            lines = tuple(path.read_text(encoding="utf-8").replace("\r\n", "\n").split("\n"))
        except (OSError, UnicodeDecodeError):
            continue
        yield source, Template(shown, lines, literal="/crds/" in source.partition("/templates/")[0])


def _gap(chart: Chart, fault: ChartError) -> Gap:
    return Gap("helm", fault.cause, fault.span or Span(_in_chart(chart, "Chart.yaml"), 1), advice=fault.advice)


def _in_chart(chart: Chart, name: str) -> str:
    return f"{chart.path.rstrip('/')}/{name}".removeprefix("./")
