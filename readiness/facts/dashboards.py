"""Grafana dashboards: files of the repository, and objects that carry or name one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects
from readiness.facts.paths import is_test
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root

DASHBOARD_KINDS = frozenset({"GrafanaDashboard", "ConfigMap"})
_WINDOW = re.compile(r"\$\{?__(?:rate_interval|interval|range)\}?(?!\w)|(?<=\[)\$\{?\w{1,60}\}?")
_NUMBER = re.compile(r"\$\{?__\w{1,40}\}?")
_VARIABLE = re.compile(r"\$\{(\w{1,60})(?::\w{1,20})?\}|\$(\w{1,60})|\[\[(\w{1,60})\]\]")


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query of a panel, as it is written."""

    node: Node
    panel: str
    text: str

    def readings(self) -> Iterator[str]:
        """The query with its variables filled in: as names, then as numbers, for either may be meant."""
        filled = _NUMBER.sub("300", _WINDOW.sub("5m", self.text))
        yield _VARIABLE.sub(lambda m: f"v_{m[1] or m[2] or m[3]}", filled)
        yield _VARIABLE.sub("5", filled)


class DashboardFiles:
    """The dashboards in files of the repository."""

    kinds = frozenset({FileKind.MONITORING.value})

    def __init__(self, repository: Repository) -> None:
        self.items = tuple(
            root(document)
            for path, documents in repository.parsed.items()
            if path.endswith(".json") and not is_test(path)
            for document in documents
            if root(document).sequence("panels")
        )

    def queries(self) -> Iterator[Query]:
        """Every PromQL query of every panel; those to other sources of data are left out."""
        for dashboard in self.items:
            for panel in _panels(dashboard):
                for target in panel.each("targets"):
                    kind = target.text("datasource", "type") or panel.text("datasource", "type") or "prometheus"
                    text = target.text("expr")
                    if text and text.strip() and kind == "prometheus":
                        yield Query(target.get("expr"), panel.text("title") or "without a title", text)


class DashboardObjects:
    """The dashboards in objects: those of Grafana's operator, and ConfigMaps with a dashboard in them."""

    kinds = DASHBOARD_KINDS

    def __init__(self, objects: Objects) -> None:
        found = [r.node for r in objects.of("GrafanaDashboard")]
        for resource in objects.of("ConfigMap"):
            labelled = any("dashboard" in key for key in (*resource.labels, *resource.annotations))
            if any(_is_dashboard(key, node.value, labelled=labelled) for key, node in resource.node.entries("data")):
                found.append(resource.node)
        self.items = tuple(found)


def _is_dashboard(key: str, text: object, *, labelled: bool) -> bool:
    if not key.endswith(".json") or not isinstance(text, str) or '"panels"' not in text:
        return False
    if not labelled and '"schemaVersion"' not in text:
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _panels(node: Node) -> Iterator[Node]:
    """The panels of a dashboard, those within rows included."""
    for panel in node.each("panels"):
        yield panel
        yield from panel.each("panels")
