"""Helm's own words about a chart that it does not render: where they point, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from readiness.model import Gap, Span
from readiness.sources.helm.chart import Part
from readiness.sources.helm.tokens import origins
from readiness.sources.helm.vetting import mapping, missing_dependency
from readiness.sources.manifests.reader import read_yaml

_PLACE = re.compile(r"\b([\w.-]+/(?:templates|charts|crds)/[^\s:()\"]+)(?::(\d+))?(?::(\d+))?")
_NOISE = re.compile(r"^(?:Error: |Use --debug flag to render out invalid YAML)", re.MULTILINE)
_MISSING = re.compile(r"missing in charts/ directory: ([^\n]+)")
_PREFIX = re.compile(r'^(?:level=\w+ msg="|\w+\.go:\d+: )?(?:warning: )?', re.IGNORECASE)
_SCHEMA = "specifications of the schema"


def failure(said: str, chart: str, top: Part, marked: Mapping[str, str]) -> Gap:
    """The gap for a failed rendering. `marked` are templates as the rendering with tokens printed them, if it did."""
    text = re.sub(r"\n{2,}", "\n", _NOISE.sub("", said)).strip()
    said_so = f"helm does not render this chart: {text}"
    missing = _MISSING.search(text)
    if missing:
        names = [name.strip() for name in missing[1].split(",")]
        document = mapping(top.folder / "Chart.yaml", f"{chart.rstrip('/')}/Chart.yaml".removeprefix("./"))
        cause = (
            f"the chart depends on {', '.join(names)}, which is not in its folder `charts`; nothing is downloaded here"
        )
        return Gap("helm", cause, missing_dependency(document, names[0]), advice=f"run `helm dependency build {chart}`")
    for place in _PLACE.finditer(text):
        file = top.file(place[1])
        if file is None:
            continue
        if "YAML parse error" in text:
            worse = _not_yaml(marked.get(place[1], ""), file[1])
            if worse:
                return worse
        # Helm counts columns from 0.
        span = Span(file[1], int(place[2] or 1), int(place[3]) + 1 if place[3] else 1)
        return Gap("helm", said_so, span, advice="see what it says with `helm template --debug`")
    name = "values.schema.json" if _SCHEMA in text and (top.folder / "values.schema.json").is_file() else "Chart.yaml"
    return Gap("helm", said_so, Span(f"{chart.rstrip('/')}/{name}".removeprefix("./"), 1))


def _not_yaml(marked: str, shown: str) -> Gap | None:
    """A template printed something that is no YAML: where, as our own reader sees it."""
    lines, numbers = origins(marked)
    for problem in read_yaml("\n".join(lines), shown).problems:
        if problem.fatal and 0 < problem.line <= len(numbers) and numbers[problem.line - 1]:
            cause = f"this template renders to something that is no YAML: {problem.message}"
            printed = lines[problem.line - 1].strip()
            shown_text = printed if len(printed) <= 80 else printed[:79] + "…"
            span = Span(shown, numbers[problem.line - 1])
            return Gap("helm", f"{cause}, in line {problem.line} of what it prints (`{shown_text}`)", span)
    return None


def warnings(said: str, folder: Path) -> tuple[str, ...]:
    """What Helm warned of though it rendered, one text each, without our own folders in it."""
    lines = (_PREFIX.sub("", line.strip()).removesuffix('"').replace(f"{folder}/", "") for line in said.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
