"""Objects with fields that the API server lets nobody change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readiness.facts.objects import Objects, Resource

# By kind, the fields that stay as they were made. One that is not written is left to the server.
IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "DaemonSet": (("spec", "selector"),),
    "Deployment": (("spec", "selector"),),
    "Job": (("spec", "template"), ("spec", "completionMode")),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "storageClassName"), ("spec", "volumeName")),
    "PriorityClass": (("value",),),
    "ReplicaSet": (("spec", "selector"),),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "Service": (("spec", "clusterIP"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    "StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
}


class FixedObjects:
    """The objects of one origin that have such fields."""

    kinds = frozenset(IMMUTABLE)

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(objects.of(*IMMUTABLE))
        self._named = {(r.kind, r.namespace, r.name): r for r in self._items}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def same(self, other: Resource) -> Resource | None:
        """The object of the same kind, namespace and name."""
        return self._named.get((other.kind, other.namespace, other.name))
