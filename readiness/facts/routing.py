"""Where Alertmanager sends an alert: routes and receivers, in its own file and in AlertmanagerConfig objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects
from readiness.facts.paths import is_test
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root

ROUTING_KINDS = frozenset({"AlertmanagerConfig"})
_MATCHER = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*\"?(.*?)\"?\s*\Z", re.DOTALL)
_LITERALS = re.compile(r"[A-Za-z0-9_ |.-]*\Z")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a route."""

    label: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fit. Of patterns, only alternatives of plain words are judged; any other one may fit."""
        actual = labels.get(self.label, "")
        if self.operator in {"=", "!="}:
            return (actual == self.value) is (self.operator == "=")
        if not _LITERALS.match(self.value.replace(".", "x")) or "." in self.value:
            return True
        return (actual in self.value.split("|")) is (self.operator == "=~")


@dataclass(frozen=True, slots=True)
class Routing:
    """One tree of routes with its receivers."""

    node: Node
    route: Node

    def receivers(self, labels: Mapping[str, str]) -> list[str]:
        """The receivers that an alert with these labels reaches."""
        return list(_receivers(self.route, labels, self.route.text("receiver") or ""))

    def silent(self, receiver: str) -> bool:
        """Whether nobody hears of what is sent there: no such receiver, or one without any way to send."""
        for node in self.node.each("receivers"):
            if node.text("name") == receiver:
                ways = (v for k, v in node.mapping().items() if k.lower().endswith("configs"))
                return not any(isinstance(v, list) and v for v in ways)
        return True


class RoutingObjects:
    """The routing in objects of one origin."""

    kinds = ROUTING_KINDS

    def __init__(self, objects: Objects) -> None:
        found = (r.get("spec") for r in objects.of(*ROUTING_KINDS))
        self.items = tuple(Routing(spec, spec.get("route")) for spec in found if spec.mapping("route"))


class RoutingFiles:
    """The routing in Alertmanager's own files in the repository."""

    kinds = frozenset({FileKind.MONITORING.value})

    def __init__(self, repository: Repository) -> None:
        nodes = (root(d) for path, some in repository.parsed.items() if not is_test(path) for d in some)
        self.items = tuple(Routing(n, n.get("route")) for n in nodes if n.mapping("route") and n.sequence("receivers"))


def _receivers(route: Node, labels: Mapping[str, str], above: str) -> Iterator[str]:
    """As Alertmanager walks: the first child that fits ends the search unless it says `continue`."""
    receiver = route.text("receiver") or above
    reached = False
    for child in route.each("routes"):
        if all(m.matches(labels) for m in _matchers(child)):
            reached = True
            yield from _receivers(child, labels, receiver)
            if not child.boolean("continue"):
                break
    if not reached:
        yield receiver


def _matchers(route: Node) -> Iterator[Matcher]:
    for label, value in route.strings("match").items():
        yield Matcher(label, "=", value)
    for label, value in route.strings("match_re").items():
        yield Matcher(label, "=~", value)
    for item in route.each("matchers"):
        if isinstance(item.value, str):
            match = _MATCHER.match(item.value)
            if match:
                yield Matcher(match[1], match[2], match[3])
        else:
            operator = item.text("matchType") or ("=~" if item.boolean("regex") else "=")
            yield Matcher(item.text("name") or "", operator, item.text("value") or "")
