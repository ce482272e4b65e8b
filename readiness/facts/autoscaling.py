"""Autoscalers: HorizontalPodAutoscalers and KEDA's ScaledObjects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import BUILT_IN_GROUPS, Node, Objects, Resource
from readiness.model import Place

# Where version 1 of the API keeps what it has no field for.
_METRICS_IN_NOTES = "autoscaling.alpha.kubernetes.io/metrics"


@dataclass(frozen=True, slots=True)
class ResourceMetric:
    """One measure of cpu or memory that an autoscaler follows.

    `container` is empty where all of the pod counts. `relative` ones are percentages of the request, `percent` the aim.
    """

    node: Node
    resource: str
    container: str
    percent: int | None
    relative: bool


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """Something that sets a workload's replicas."""

    resource: Resource

    @property
    def namespace(self) -> str:
        return self.resource.namespace

    @property
    def keda(self) -> bool:
        return self.resource.kind == "ScaledObject"

    @property
    def target(self) -> Node:
        return self.resource.get("spec", "scaleTargetRef")

    @property
    def target_kind(self) -> str:
        return self.target.text("kind") or ("Deployment" if self.keda else "")

    @property
    def target_name(self) -> str:
        return self.target.text("name") or ""

    @property
    def minimum(self) -> int:
        """The fewest replicas it keeps. Unwritten means 1 for an autoscaler and 0 for a ScaledObject."""
        written = self.resource.node.integer("spec", "minReplicaCount" if self.keda else "minReplicas")
        return (0 if self.keda else 1) if written is None else written

    @property
    def maximum(self) -> int | None:
        """The most replicas; KEDA's default is 100, an autoscaler must say it."""
        written = self.resource.node.integer("spec", "maxReplicaCount" if self.keda else "maxReplicas")
        return 100 if written is None and self.keda else written

    def at_minimum(self) -> Place:
        return self.resource.at("spec", "minReplicaCount" if self.keda else "minReplicas")

    def at_maximum(self) -> Place:
        return self.resource.at("spec", "maxReplicaCount" if self.keda else "maxReplicas")

    def metrics(self) -> Iterator[ResourceMetric]:
        """The cpu and memory metrics it scales on, of every version of the API and of KEDA's triggers."""
        spec = self.resource.get("spec")
        if self.keda:
            yield from _triggers(spec)
            return
        if spec.get("targetCPUUtilizationPercentage").exists:
            node = spec.get("targetCPUUtilizationPercentage")
            yield ResourceMetric(node, "cpu", "", node.integer(), relative=True)
        elif not spec.sequence("metrics") and _METRICS_IN_NOTES not in self.resource.annotations:
            # The API server fills this in.
            yield ResourceMetric(spec.get("metrics"), "cpu", "", 80, relative=True)
        for metric in spec.each("metrics"):
            source = metric.get("containerResource" if metric.text("type") == "ContainerResource" else "resource")
            name = source.text("name")
            if metric.text("type") in {"Resource", "ContainerResource"} and name:
                target = source.integer("target", "averageUtilization")
                older = source.integer("targetAverageUtilization")
                percent = older if target is None else target
                yield ResourceMetric(metric, name, source.text("container") or "", percent, percent is not None)


def _triggers(spec: Node) -> Iterator[ResourceMetric]:
    for trigger in spec.each("triggers"):
        kind = trigger.text("type")
        if kind in {"cpu", "memory"}:
            how = trigger.text("metricType") or trigger.text("metadata", "type") or "Utilization"
            value = trigger.scalar("metadata", "value")
            percent = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None
            container = trigger.text("metadata", "containerName") or ""
            relative = how == "Utilization"
            yield ResourceMetric(trigger, kind, container, percent if relative else None, relative)


class Autoscalers:
    """All autoscalers of one origin."""

    kinds = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})

    def __init__(self, objects: Objects) -> None:
        found = (*objects.of("HorizontalPodAutoscaler"), *objects.of("ScaledObject"))
        # KEDA makes an autoscaler of its own for each ScaledObject: the ScaledObject speaks for both.
        self._items = tuple(Autoscaler(r) for r in found if r.controller is None or r.controller[0] != "ScaledObject")
        self._by_target: dict[tuple[str, str, str], list[Autoscaler]] = {}
        for item in self._items:
            key = (item.namespace, item.target_kind, item.target_name)
            self._by_target.setdefault(key, []).append(item)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Autoscaler]:
        return iter(self._items)

    def of(self, workload: Resource) -> tuple[Autoscaler, ...]:
        """The autoscalers that name this workload as their target, in its namespace."""
        found = self.targeting(workload.namespace, workload.kind, workload.name)
        return tuple(a for a in found if _same_group(a, workload))

    def targeting(self, namespace: str, kind: str, name: str) -> tuple[Autoscaler, ...]:
        """The autoscalers whose target has this identity, whether it exists or not."""
        return tuple(self._by_target.get((namespace, kind, name), ()))


def _same_group(autoscaler: Autoscaler, workload: Resource) -> bool:
    """Whether the target's API group, where both write one, is the workload's; groups that were renamed are one."""
    version = autoscaler.target.text("apiVersion")
    if not version or not workload.api_version:
        return True
    group, renamed = version.rpartition("/")[0], BUILT_IN_GROUPS.get(workload.kind, frozenset())
    return group == workload.group or {group, workload.group} <= renamed


@dataclass(frozen=True, slots=True)
class VerticalAutoscaler:
    """Something that sets the requests of a workload's containers."""

    resource: Resource

    @property
    def acts(self) -> bool:
        """Whether it changes pods, and does not only recommend."""
        return self.resource.node.text("spec", "updatePolicy", "updateMode") != "Off"

    @property
    def target(self) -> tuple[str, str, str]:
        """Namespace, kind and name of what it acts on."""
        reference = self.resource.get("spec", "targetRef")
        return self.resource.namespace, reference.text("kind") or "", reference.text("name") or ""

    def controls(self, resource: str) -> bool:
        """Whether it sets `cpu` or `memory` of any container: both, where no policy says less."""
        policies = list(self.resource.get("spec", "resourcePolicy").each("containerPolicies"))
        return not policies or any(_controls(policy, resource) for policy in policies)


def _controls(policy: Node, resource: str) -> bool:
    named = policy.get("controlledResources")
    return policy.text("mode") != "Off" and (not named.exists or resource in named.sequence())


class VerticalAutoscalers:
    """All VerticalPodAutoscalers of one origin."""

    kinds = frozenset({"VerticalPodAutoscaler"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(VerticalAutoscaler(r) for r in objects.of("VerticalPodAutoscaler"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[VerticalAutoscaler]:
        return iter(self._items)
