"""Kubernetes objects, wherever they were read from: files, a chart, an overlay or a live cluster.

Any value may be of any type: whoever wrote the object may have written nonsense. So nothing here is read but through
`Node`, which answers None, an empty list or an empty mapping where the type is not the one asked for. That a value has
the wrong type is for the schema check to say, once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, overload

from readiness.facts.document import Document
from readiness.model import Anchor, Finding, Origin, Place, Route, Severity, Span

# Kinds without a namespace that this project reads, or that users often write.
CLUSTER_SCOPED = frozenset(
    "APIService CSIDriver CSINode CiliumClusterwideNetworkPolicy ClusterExternalSecret ClusterIssuer ClusterRole "
    "ClusterRoleBinding ClusterSecretStore CustomResourceDefinition FlowSchema GatewayClass GlobalNetworkPolicy "
    "IngressClass MutatingWebhookConfiguration Namespace Node PersistentVolume PodSecurityPolicy PriorityClass "
    "PriorityLevelConfiguration RuntimeClass StorageClass ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration VolumeAttachment VolumeSnapshotClass VolumeSnapshotContent".split()
)
# An object of one of these kinds is the built-in one only in these API groups: anybody may name a kind as they like.
_KINDS_OF_GROUPS = {
    "": "ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate "
    "ReplicationController ResourceQuota Secret Service ServiceAccount",
    "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "argoproj.io": "Rollout",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "cert-manager.io": "ClusterIssuer Issuer",
    "events.k8s.io": "Event",
    "extensions": "DaemonSet Deployment Ingress NetworkPolicy PodSecurityPolicy ReplicaSet",
    "gateway.networking.k8s.io": "GRPCRoute Gateway GatewayClass HTTPRoute ReferenceGrant TCPRoute TLSRoute",
    "keda.sh": "ScaledObject",
    "monitoring.coreos.com": "PodMonitor PrometheusRule ServiceMonitor",
    "networking.k8s.io": "Ingress IngressClass NetworkPolicy",
    "policy": "PodDisruptionBudget PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver StorageClass VolumeAttachment",
}
BUILT_IN_GROUPS: Mapping[str, frozenset[str]] = {
    kind: frozenset(g for g, kinds in _KINDS_OF_GROUPS.items() if kind in kinds.split())
    for kind in {k for kinds in _KINDS_OF_GROUPS.values() for k in kinds.split()}
}
# Kustomize ends generated names with ten characters of this alphabet, controllers with five to ten.
_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{10}$")
_MERGE_KEYS = (
    "name",
    "containerPort",
    "mountPath",
    "key",
    "topologyKey",
    "port",
    "host",
    "path",
    "alert",
    "ip",
    "type",
)


class Locator(Protocol):
    """Knows where the parts of one object are written."""

    def locate(self, body: Mapping[str, Any], route: Route) -> Span | None: ...


class Written:
    """An object that stands in a file as it is, whole, at `base` within a document."""

    __slots__ = ("base", "document", "rendered")

    def __init__(self, document: Document, base: Route = (), *, rendered: bool = False) -> None:
        self.document, self.base, self.rendered = document, base, rendered

    def locate(self, body: Mapping[str, Any], route: Route) -> Span | None:  # noqa: ARG002 (the document has the body)
        if self.document.positions is None:
            return None
        line, column = self.document.nearest((*self.base, *route))
        return Span(self.document.path, line, column, self.rendered)


class Node:
    """A cursor into an object: a value, its route, and safe ways to read on."""

    __slots__ = ("anchor", "route", "value")

    def __init__(self, anchor: Anchor, route: Route, value: Any) -> None:
        self.anchor, self.route, self.value = anchor, route, value

    def get(self, *steps: str | int) -> Node:
        """The node at `steps` below; its value is None where nothing is written, or null is."""
        return Node(self.anchor, (*self.route, *steps), _walk(self.value, steps))

    def at(self, *steps: str | int) -> Place:
        return Place(self.anchor, (*self.route, *steps))

    @property
    def exists(self) -> bool:
        """Whether something other than null is written here."""
        return self.value is not None

    def raw(self, *steps: str | int) -> Any:
        return _walk(self.value, steps)

    def text(self, *steps: str | int) -> str | None:
        """The string at `steps`, or None."""
        value = _walk(self.value, steps)
        return value if isinstance(value, str) else None

    def integer(self, *steps: str | int) -> int | None:
        """The integer at `steps`, or None; a boolean is none, `3.0` is 3 as in JSON."""
        value = _walk(self.value, steps)
        if value.__class__ is int:
            return int(value)
        return int(value) if isinstance(value, float) and value.is_integer() else None

    def boolean(self, *steps: str | int) -> bool | None:
        value = _walk(self.value, steps)
        return value if isinstance(value, bool) else None

    def scalar(self, *steps: str | int) -> str | int | float | bool | None:
        """The string, number or boolean at `steps`, or None: for int-or-string fields and quantities."""
        value = _walk(self.value, steps)
        return value if isinstance(value, str | int | float) else None

    def number_or_name(self, *steps: str | int) -> int | str | None:
        """The integer or string at `steps`, or None: for ports."""
        value = _walk(self.value, steps)
        return value if isinstance(value, int | str) and not isinstance(value, bool) else None

    def mapping(self, *steps: str | int) -> Mapping[str, Any]:
        """The mapping at `steps`, or an empty one."""
        value = _walk(self.value, steps)
        return value if isinstance(value, dict) else {}

    def sequence(self, *steps: str | int) -> Sequence[Any]:
        """The list at `steps`, or an empty one."""
        value = _walk(self.value, steps)
        return value if isinstance(value, list) else ()

    def strings(self, *steps: str | int) -> Mapping[str, str]:
        """The entries at `steps` whose values are strings: labels, annotations, a match."""
        return {k: v for k, v in self.mapping(*steps).items() if isinstance(v, str)}

    def each(self, *steps: str | int) -> Iterator[Node]:
        """The items of the list at `steps`."""
        base = (*self.route, *steps)
        for index, value in enumerate(self.sequence(*steps)):
            yield Node(self.anchor, (*base, index), value)

    def entries(self, *steps: str | int) -> Iterator[tuple[str, Node]]:
        """The entries of the mapping at `steps`."""
        base = (*self.route, *steps)
        for key, value in self.mapping(*steps).items():
            yield key, Node(self.anchor, (*base, key), value)

    def expect(
        self,
        ok: bool,
        message: str,
        *,
        severity: Severity | None = None,
        absence: tuple[str, ...] = (),
        **evidence: object,
    ) -> Finding:
        return Place(self.anchor, self.route).expect(ok, message, severity=severity, absence=absence, **evidence)


class Resource:
    """One Kubernetes object. It is an anchor: findings point at it and into it."""

    __slots__ = (
        "_labels", "api_version", "body", "cluster", "identity", "kind", "locator", "name", "namespace", "node",
        "origin", "realm", "subject",
    )  # fmt: skip

    def __init__(
        self,
        body: Mapping[str, Any],
        locator: Locator | None = None,
        *,
        origin: Origin = Origin.RENDERED,
        namespace: str = "default",
        cluster: str = "",
    ) -> None:
        self.body, self.locator, self.realm, self.cluster = body, locator, origin, cluster
        self.node = Node(self, (), body)
        kind, version = body.get("kind"), body.get("apiVersion")
        metadata = body.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        self.kind: str = kind if isinstance(kind, str) else ""
        self.api_version: str = version if isinstance(version, str) else ""
        name, written = metadata.get("name"), metadata.get("namespace")
        if not isinstance(name, str):
            prefix = metadata.get("generateName")
            name = f"{prefix}*" if isinstance(prefix, str) else ""
        self.name: str = name
        scoped = self.kind not in CLUSTER_SCOPED
        self.namespace: str = (written if isinstance(written, str) and written else namespace) if scoped else ""
        full = f"{self.namespace}/{self.name}" if self.namespace else self.name
        # Every finding asks for these.
        self.subject: str = f"{self.kind or 'object without a kind'} {full}"
        self.identity: str = f"{self.kind} {self.namespace}/{_GENERATED.sub('', self.name)}"
        self.origin: str = origin.value
        self._labels: Mapping[str, str] | None = None

    @property
    def group(self) -> str:
        """The API group; empty for the core group and where no apiVersion is written."""
        return self.api_version.rpartition("/")[0]

    @property
    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            self._labels = self.node.strings("metadata", "labels")
        return self._labels

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.node.strings("metadata", "annotations")

    @property
    def controller(self) -> tuple[str, str] | None:
        """Kind and name of the object that owns and drives this one, in a live cluster."""
        for owner in self.node.each("metadata", "ownerReferences"):
            if owner.boolean("controller"):
                return owner.text("kind") or "", owner.text("name") or ""
        return None

    def get(self, *steps: str | int) -> Node:
        return self.node.get(*steps)

    def at(self, *steps: str | int) -> Place:
        return Place(self, steps)

    def span(self, route: Route) -> Span | None:
        return self.locator.locate(self.body, route) if self.locator else None

    def steady(self, route: Route) -> str:
        return steady(self.body, route)

    def __repr__(self) -> str:
        return f"<{self.subject} {self.origin}>"


def steady(value: Any, route: Route) -> str:
    """`route` into `value` as text, list items by their merge keys: `spec.containers[name=web].image`."""
    text = ""
    for step in route:
        value = _walk(value, (step,))
        text += _item_name(value, step) if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _walk(value: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _item_name(value: Any, index: int) -> str:
    """`[name=web]` where the item has a merge key, its own text for a short scalar, else its index."""
    if isinstance(value, dict):
        for key in _MERGE_KEYS:
            if isinstance(value.get(key), str | int):
                return f"[{key}={value[key]}]"
    elif isinstance(value, str) and len(value) <= 60:
        return f"[{value}]"
    return f"[{index}]"


class Objects(Sequence[Resource]):
    """All objects of one origin. `kinds` is empty: which kinds matter is for the views to say."""

    def __init__(self, items: Iterable[Resource] = ()) -> None:
        self._items = tuple(items)
        self._by_kind: dict[str, list[Resource]] = {}
        for item in self._items:
            self._by_kind.setdefault(item.kind, []).append(item)
        self._by_name: dict[str, dict[tuple[str, str], Resource]] = {}

    @classmethod
    def join(cls, parts: Iterable[Objects]) -> Objects:
        """One set from several sources of the same origin, in their order."""
        return cls(item for part in parts for item in part)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Resource: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Resource, ...]: ...
    def __getitem__(self, index: int | slice) -> Resource | tuple[Resource, ...]:
        return self._items[index]

    def of(self, *kinds: str, group: str | None = None) -> Iterator[Resource]:
        """Objects of these kinds, in the order read.

        `group` asks for one API group exactly. Without it, a kind name that several projects use means the built-in
        one; an object with no apiVersion at all is taken by its kind, so that it is still looked at.
        """
        for kind in kinds:
            allowed = frozenset({group}) if group is not None else BUILT_IN_GROUPS.get(kind)
            for item in self._by_kind.get(kind, ()):
                if allowed is None or not item.api_version or item.group in allowed:
                    yield item

    def named(self, kind: str, namespace: str, name: str) -> Resource | None:
        """The object of that identity, or None. Cluster-scoped kinds have the namespace ``."""
        if kind not in self._by_name:
            self._by_name[kind] = {(r.namespace, r.name): r for r in reversed(tuple(self.of(kind)))}  # the first stays
        return self._by_name[kind].get((namespace, name))

    @property
    def counts(self) -> Counter[str]:
        """How many objects there are of each kind."""
        return Counter({kind: len(items) for kind, items in self._by_kind.items()})
