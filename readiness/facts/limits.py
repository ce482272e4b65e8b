"""What a namespace gives to containers that say nothing, and what it allows in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container, Role, pod_request
from readiness.facts.quantities import quantity
from readiness.facts.rollouts import rolling_update
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place


class ContainerDefaults:
    """The requests and limits that LimitRanges fill in where a container has none."""

    kinds = frozenset({"LimitRange"})

    def __init__(self, objects: Objects) -> None:
        self._requests: dict[tuple[str, str], Decimal] = {}
        self._limits: dict[tuple[str, str], Decimal] = {}
        for resource in objects.of("LimitRange"):
            for limit in resource.get("spec").each("limits"):
                if limit.text("type") == "Container":
                    filled = dict(_amounts(resource.namespace, limit.get("default")))
                    self._limits |= filled
                    # A default limit is a default request too, unless that is written beside it.
                    self._requests |= filled | dict(_amounts(resource.namespace, limit.get("defaultRequest")))

    def request(self, namespace: str, resource: str) -> Decimal | None:
        """The request that a container of `namespace` gets for `resource`, in cores or bytes."""
        return self._requests.get((namespace, resource))

    def limit(self, namespace: str, resource: str) -> Decimal | None:
        """The limit that it gets."""
        return self._limits.get((namespace, resource))


def _amounts(namespace: str, written: Node) -> Iterator[tuple[tuple[str, str], Decimal]]:
    for name, node in written.entries():
        amount = quantity(node.value)
        if amount is not None:
            yield (namespace, name), amount


@dataclass(frozen=True, slots=True)
class Quota:
    """One ResourceQuota that counts every pod of its namespace."""

    resource: Resource

    def hard(self) -> Iterator[tuple[str, Node, Decimal]]:
        """What it bounds: the name as written, where, and how much."""
        for name, node in self.resource.get("spec", "hard").entries():
            amount = quantity(node.value)
            if amount is not None:
                yield name, node, amount


class Quotas:
    """The quotas of one origin that count every pod: those with a scope count only some, and are left out."""

    kinds = frozenset({"ResourceQuota"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        found = objects.of("ResourceQuota")
        self._items = tuple(
            Quota(r) for r in found if not r.get("spec", "scopes").exists and not r.get("spec", "scopeSelector").exists
        )
        wanted = frozenset(quota.resource.namespace for quota in self._items)
        self._workloads: dict[str, list[Workload]] = {}
        for workload in workloads:
            if workload.namespace in wanted:
                self._workloads.setdefault(workload.namespace, []).append(workload)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Quota]:
        return iter(self._items)

    def workloads(self, quota: Quota) -> Sequence[Workload]:
        """The workloads whose pods it counts."""
        return self._workloads.get(quota.resource.namespace, ())


class Amount(NamedTuple):
    """What a container asks for, or may use at most, of one resource. `of_pod`: it is said for the whole pod."""

    container: Container
    place: Place
    amount: Decimal | None
    of_pod: bool

    @property
    def given(self) -> bool:
        return self.of_pod or bool(self.amount)


def amounts(workloads: Iterable[Workload], which: Literal["requests", "limits"], resource: str) -> Iterator[Amount]:
    """The request or the limit of every container for `resource`; ephemeral containers can have none."""
    for workload in workloads:
        whole = workload.pod.get("resources", which, resource).exists
        for container in workload.containers():
            if container.role is not Role.EPHEMERAL:
                own = container.request(resource) if which == "requests" else container.limit(resource)
                yield Amount(container, container.at("resources", which, resource), own, whole)


_COUNTED: Mapping[str, tuple[str, bool]] = {
    "cpu": ("cpu", False),
    "requests.cpu": ("cpu", False),
    "limits.cpu": ("cpu", True),
    "memory": ("memory", False),
    "requests.memory": ("memory", False),
    "limits.memory": ("memory", True),
    "requests.ephemeral-storage": ("ephemeral-storage", False),
    "limits.ephemeral-storage": ("ephemeral-storage", True),
}


def counted(name: str) -> tuple[str, bool] | None:
    """The resource behind a quota's `name` and whether its limits are meant; None where it counts something else."""
    return _COUNTED.get(name)


def most_pods(workload: Workload) -> int:
    """The most pods it has at a time, while it is rolled out at its highest scale; a DaemonSet counts as one."""
    if workload.kind in {"DaemonSet", "Pod"}:
        return 1
    if workload.kind == "Job":
        return max(1, workload.resource.node.integer("spec", "parallelism") or 1)
    if workload.kind == "CronJob":
        return max(1, workload.resource.node.integer("spec", "jobTemplate", "spec", "parallelism") or 1)
    most = max(0, workload.most_replicas)
    update = rolling_update(workload, most)
    return most + (update.surge if update else 0)


def demand(workloads: Sequence[Workload], name: str) -> Decimal | None:
    """What `workloads` take at most of what a quota calls `name`; None where it counts no pods."""
    if name in {"pods", "count/pods"}:
        return Decimal(sum(most_pods(w) for w in workloads))
    meant = counted(name)
    if meant is None:
        return None
    return sum((most_pods(w) * pod_request(w.pod, meant[0], limits=meant[1]) for w in workloads), Decimal(0))
