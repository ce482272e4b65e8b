"""Namespaces and the guard rails that stand in them: quotas, limit ranges, Pod Security levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from readiness.facts.admission import LEVELS
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.quantities import quantity
from readiness.facts.security import NEWEST
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place

POD_SECURITY = "pod-security.kubernetes.io/"
SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True, slots=True)
class Limit:
    """One entry of a LimitRange: `type` is Container, Pod or PersistentVolumeClaim."""

    node: Node
    type: str

    def bound(self, which: str, resource: str) -> Decimal | None:
        """An amount of `default`, `defaultRequest`, `min` or `max`, as its admission plugin completes them."""
        return quantity(self.node.raw(which, resource))

    def resources(self) -> list[str]:
        """The resources that it speaks of."""
        keys = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        return list(dict.fromkeys(name for key in keys for name in self.node.mapping(key)))


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that is among the objects, with what guards it and what runs in it."""

    resource: Resource
    quotas: tuple[Resource, ...]
    limits: tuple[Limit, ...]
    workloads: tuple[Workload, ...]

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def labels(self) -> Mapping[str, str]:
        return self.resource.labels

    @property
    def level(self) -> str:
        """The Pod Security level it enforces; empty where none is written or none is known by that name."""
        level = self.labels.get(f"{POD_SECURITY}enforce", "")
        return level if level in LEVELS else ""

    @property
    def pinned(self) -> str:
        """The version of the standards it enforces, as written; empty for none."""
        return self.labels.get(f"{POD_SECURITY}enforce-version", "")

    @property
    def minor(self) -> int:
        """The minor version of the standards it enforces; NEWEST for `latest`, for none, and for nonsense."""
        head, _, tail = self.pinned.partition(".")
        return int(tail) if head == "v1" and tail.isdecimal() and len(tail) < 4 else NEWEST

    def label(self, name: str) -> Place:
        return self.resource.at("metadata", "labels", name)

    def hard(self) -> Iterator[tuple[str, Node]]:
        """Every bound of its quotas, without those quotas that hold for some pods only."""
        for quota in self.quotas:
            if not quota.get("spec", "scopes").exists and not quota.get("spec", "scopeSelector").exists:
                yield from quota.node.entries("spec", "hard")


class Namespaces:
    """The namespaces that are among the objects of one origin: whoever ships a namespace ships its guard rails."""

    kinds = frozenset({"Namespace", "ResourceQuota", "LimitRange"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        quotas: dict[str, list[Resource]] = {}
        limits: dict[str, list[Limit]] = {}
        inside: dict[str, list[Workload]] = {}
        for quota in objects.of("ResourceQuota"):
            quotas.setdefault(quota.namespace, []).append(quota)
        for ranges in objects.of("LimitRange"):
            entries = (Limit(node, node.text("type") or "") for node in ranges.node.each("spec", "limits"))
            limits.setdefault(ranges.namespace, []).extend(entries)
        for workload in workloads:
            inside.setdefault(workload.namespace, []).append(workload)
        self._items = tuple(
            Namespace(r, tuple(quotas.get(r.name, ())), tuple(limits.get(r.name, ())), tuple(inside.get(r.name, ())))
            for r in objects.of("Namespace")
        )
        self._named = {namespace.name: namespace for namespace in self._items}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self._items)

    def named(self, name: str) -> Namespace | None:
        return self._named.get(name)

    def tenants(self) -> Iterator[Namespace]:
        """Those that are no part of Kubernetes itself."""
        return (n for n in self._items if n.name not in SYSTEM_NAMESPACES and n.name != "default")


def label_of(resource: Resource, names: Iterable[str]) -> tuple[str, str] | None:
    """The first of these labels, or else annotations, that an object carries: its name and its value."""
    names = list(names)
    for held in (resource.labels, resource.annotations):
        for name in names:
            if held.get(name):
                return name, held[name]
    return None


def at_label(resource: Resource, name: str) -> Place:
    """Where a label stands, or an annotation of that name; the labels where neither does."""
    noted = name not in resource.labels and name in resource.annotations
    return resource.at("metadata", "annotations" if noted else "labels", name)
