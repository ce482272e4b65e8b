"""Workloads: everything that makes pods, with what scales it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from readiness.facts.autoscaling import Autoscaler, Autoscalers
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container, containers
from readiness.facts.selectors import LabelIndex, Selector
from readiness.model import Place

# Where each kind keeps its pod template. Argo's Rollout is a Deployment with another strategy.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
_REPLICATED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})
_LONG_RUNNING = _REPLICATED | {"DaemonSet"}


@dataclass(frozen=True, slots=True)
class Workload:
    """One object that makes pods. `template` is its pod template: labels in `metadata`, the pod in `spec`."""

    resource: Resource
    template: Node
    autoscalers: tuple[Autoscaler, ...] = ()
    # Nearly every check asks for these.
    pod: Node = field(init=False, repr=False, compare=False)
    _containers: list[tuple[Container, ...]] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pod", self.template.get("spec"))

    @property
    def kind(self) -> str:
        return self.resource.kind

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def namespace(self) -> str:
        return self.resource.namespace

    @property
    def subject(self) -> str:
        return self.resource.subject

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels its pods carry."""
        return self.template.strings("metadata", "labels")

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations its pods carry."""
        return self.template.strings("metadata", "annotations")

    @property
    def selector(self) -> Selector | None:
        """The selector by which it finds its pods; a ReplicationController's is of plain labels."""
        if self.kind == "ReplicationController":
            return Selector.of_labels(self.resource.node.strings("spec", "selector"))
        return Selector.read(self.resource.get("spec", "selector"))

    @property
    def long_running(self) -> bool:
        return self.kind in _LONG_RUNNING

    @property
    def replicated(self) -> bool:
        """Whether it has a number of replicas that someone chooses."""
        return self.kind in _REPLICATED

    @property
    def declared_replicas(self) -> int | None:
        """`spec.replicas` as written; None where it is not."""
        return self.resource.node.integer("spec", "replicas")

    @property
    def effective_replicas(self) -> int:
        """The fewest replicas it keeps: an autoscaler's minimum where one targets it, else spec.replicas, else 1."""
        if self.autoscalers:
            return max(a.minimum for a in self.autoscalers)
        declared = self.declared_replicas
        return 1 if declared is None else declared

    @property
    def most_replicas(self) -> int:
        """The most replicas it can have: an autoscaler's maximum, else what it keeps."""
        most = [a.maximum for a in self.autoscalers if a.maximum is not None]
        return max([self.effective_replicas, *most])

    def at_replicas(self) -> Place:
        """Where its number of replicas is decided."""
        return self.autoscalers[0].at_minimum() if self.autoscalers else self.resource.at("spec", "replicas")

    def at(self, *steps: str | int) -> Place:
        return self.resource.at(*steps)

    def at_pod(self, *steps: str | int) -> Place:
        return self.pod.at(*steps)

    def containers(self) -> Iterator[Container]:
        """Every container: init containers, sidecars, main and ephemeral ones."""
        if not self._containers:
            self._containers.append(tuple(containers(self.pod)))
        return iter(self._containers[0])

    def running(self) -> Iterator[Container]:
        """The containers that run as long as the pod: main ones and sidecars."""
        return (c for c in self.containers() if c.runs_on)


class Workloads:
    """All workloads of one origin; in a live cluster those that nothing else drives: no Deployment's ReplicaSets."""

    kinds = frozenset(_TEMPLATES)

    def __init__(self, objects: Objects, autoscalers: Autoscalers) -> None:
        items = []
        lent = frozenset(_lent(objects))
        for resource in objects.of(*_TEMPLATES):
            owner = resource.controller
            # A Deployment that lends its template to a Rollout has no pods of its own.
            if (owner is None or owner[0] == "Node") and (resource.namespace, resource.kind, resource.name) not in lent:
                template = _template(resource, objects)
                items.append(Workload(resource, template, autoscalers.of(resource)))
        self._items = tuple(items)
        self._index = LabelIndex((w.namespace, w.labels, w) for w in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Workload]:
        return iter(self._items)

    def long_running(self) -> Iterator[Workload]:
        """Workloads that are meant to run for ever: no Jobs, CronJobs or bare Pods."""
        return (w for w in self._items if w.long_running)

    def replicated(self) -> Iterator[Workload]:
        """Workloads with a chosen number of replicas: no DaemonSets either."""
        return (w for w in self._items if w.replicated)

    def selected(self, namespace: str, selector: Selector | None) -> Iterator[Workload]:
        """Workloads in `namespace` whose pods `selector` matches."""
        return self._index.select(namespace, selector)


def _lent(objects: Objects) -> Iterator[tuple[str, str, str]]:
    """Namespace, kind and name of what Rollouts take their templates from."""
    for rollout in objects.of("Rollout"):
        reference = rollout.get("spec", "workloadRef")
        if reference.exists and not rollout.get("spec", "template").exists:
            yield rollout.namespace, reference.text("kind") or "", reference.text("name") or ""


def _template(resource: Resource, objects: Objects) -> Node:
    """The pod template; a Rollout may borrow a Deployment's by `workloadRef`."""
    if resource.kind == "Rollout" and not resource.get("spec", "template").exists:
        reference = resource.get("spec", "workloadRef")
        target = objects.named(reference.text("kind") or "", resource.namespace, reference.text("name") or "")
        if target is not None:
            return target.get("spec", "template")
    return resource.get(*_TEMPLATES[resource.kind])


# Kinds of operators that make pods, with labels of their own choice.
_OPERATED = frozenset(
    {
        "Alertmanager", "Cassandra", "CassandraDatacenter", "ClickHouseInstallation", "Cluster", "Elasticsearch",
        "InferenceService", "InnoDBCluster", "Kafka", "KafkaBridge", "KafkaConnect", "KafkaNodePool", "Keycloak",
        "Kibana", "MongoDB", "MongoDBCommunity", "MySQLCluster", "NatsCluster", "OpenSearchCluster",
        "OpenTelemetryCollector", "PerconaServerMongoDB", "PerconaXtraDBCluster", "PostgresCluster", "postgresql",
        "Prometheus", "RabbitmqCluster", "RayCluster", "Redis", "RedisCluster", "RedisFailover", "SparkApplication",
        "Tenant", "ThanosRuler", "TidbCluster", "Vault", "VMAgent", "VMCluster", "VMSingle", "Workflow",
        "ZookeeperCluster",
    }
)  # fmt: skip


class OperatedPods:
    """Namespaces in which an operator makes pods that no file describes, with labels that nobody here can know."""

    kinds = _OPERATED

    def __init__(self, objects: Objects) -> None:
        knative = (r for r in objects.of("Service", group="serving.knative.dev") if r.group)
        self._namespaces = frozenset(r.namespace for r in (*objects.of(*_OPERATED), *knative))

    def possible(self, namespace: str) -> bool:
        """Whether a selector that matches no known pod of `namespace` may still match an operator's."""
        return namespace in self._namespaces
