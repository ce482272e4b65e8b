"""What a cluster serves: its resources by kind, and the groups that are down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.model import Gap
from readiness.sources.cluster.api import Api, Unanswered
from readiness.sources.cluster.kinds import CLUSTER_WIDE, METRICS, NAMESPACED

_AGGREGATED = ",".join(
    [*(f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1")),
     "application/json"]
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Served:
    """A resource that the server lists: its kind, where it stands in the API, and whether it lies in namespaces."""

    kind: str
    group: str
    version: str
    resource: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """The name in a role and for kubectl: `deployments.apps`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def path(self, namespace: str = "") -> str:
        start = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{start}/namespaces/{namespace}/{self.resource}" if namespace else f"{start}/{self.resource}"


@dataclass(frozen=True, slots=True)
class Discovered:
    resources: tuple[Served, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


def discover(api: Api) -> Discovered:
    """The wanted kinds that the server lists, each in the version that the server prefers. Raises Unanswered.

    A kind that is not served has no objects: that is no gap. A group that is down may have any.
    """
    found: dict[tuple[str, str], Served] = {}
    down: list[str] = []
    for start in ("/api", "/apis"):
        document, kind = api.discovery(start, _AGGREGATED)
        if "apidiscovery.k8s.io" in kind:
            served = _aggregated(document, down)
        else:
            served = _one_by_one(api, document, start, down)
        for one in served:
            found.setdefault((one.group, one.kind), one)
    gaps = tuple(_gap(group) for group in dict.fromkeys(down) if group not in METRICS)
    notes = tuple(f"the API group {group} is down; no object lies in it" for group in down if group in METRICS)
    return Discovered(tuple(sorted(found.values())), gaps, notes)


def _gap(group: str) -> Gap:
    cause = f"the API group {group} is down: what it serves is not known"
    # Its kinds are unknown, and none that Kubernetes itself serves is among them.
    return Gap("cluster", cause, kinds=frozenset({f"kinds of {group}"}), advice="see `kubectl get apiservices`")


def _aggregated(document: Mapping[str, Any], down: list[str]) -> Iterator[Served]:
    for group in _list(document, "items"):
        name = _text(_mapping(group, "metadata"), "name")
        for version in _list(group, "versions"):
            number = _text(version, "version")
            if _text(version, "freshness") == "Stale":
                down.append(name)
            for resource in _list(version, "resources"):
                kind = _text(_mapping(resource, "responseKind"), "kind")
                namespaced = _text(resource, "scope") == "Namespaced"
                if _wanted(kind, resource, namespaced=namespaced):
                    yield Served(kind, name, number, _text(resource, "resource"), namespaced)


def _one_by_one(api: Api, document: Mapping[str, Any], start: str, down: list[str]) -> Iterator[Served]:
    """The older form: one document for each group and version."""
    if start == "/api":
        versions = [("", str(v)) for v in _list(document, "versions")]
    else:
        versions = [(_text(g, "name"), v) for g in _list(document, "groups") for v in _versions(g)]
    for group, version in versions:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer, _ = api.discovery(path, "application/json")
        except Unanswered:
            down.append(group)
            continue
        for resource in _list(answer, "resources"):
            kind, name = _text(resource, "kind"), _text(resource, "name")
            namespaced = isinstance(resource, dict) and resource.get("namespaced") is True
            if "/" not in name and _wanted(kind, resource, namespaced=namespaced):
                yield Served(kind, group, version, name, namespaced)


def _wanted(kind: str, resource: Any, *, namespaced: bool) -> bool:
    """Whether it is of a wanted kind. Other projects have kinds of the same names that lie elsewhere."""
    return kind in (NAMESPACED if namespaced else CLUSTER_WIDE) and "list" in _list(resource, "verbs")


def _versions(group: Mapping[str, Any]) -> Iterable[str]:
    """The versions of a group, the preferred one first."""
    preferred = _text(_mapping(group, "preferredVersion"), "version")
    others = [_text(v, "version") for v in _list(group, "versions")]
    return dict.fromkeys(v for v in (preferred, *others) if v)


def _list(value: Any, field: str) -> list[Any]:
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _mapping(value: Any, field: str) -> Mapping[str, Any]:
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any, field: str) -> str:
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
