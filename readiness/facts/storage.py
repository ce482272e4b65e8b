"""Volumes, the claims behind them, and the backups that cover those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container
from readiness.facts.selectors import Selector
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place


class Mount(NamedTuple):
    """One mount of a volume in a container."""

    container: Container
    node: Node

    @property
    def writable(self) -> bool:
        return self.node.boolean("readOnly") is not True


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of a pod."""

    node: Node
    workload: Workload

    @property
    def name(self) -> str:
        return self.node.text("name") or ""

    @property
    def source(self) -> str:
        """Where it comes from: `emptyDir`, `hostPath`, `persistentVolumeClaim` …; Kubernetes' default is emptyDir."""
        return next((k for k, v in self.node.mapping().items() if k != "name" and v is not None), "emptyDir")

    def mounts(self) -> Iterator[Mount]:
        """Where containers mount it."""
        for container in self.workload.containers():
            for node in container.node.each("volumeMounts"):
                if node.text("name") == self.name:
                    yield Mount(container, node)


def volumes(workload: Workload) -> Iterator[Volume]:
    """The volumes of the workload's pods; those of volumeClaimTemplates are claims of their own."""
    return (Volume(node, workload) for node in workload.pod.each("volumes"))


@dataclass(frozen=True, slots=True)
class Claim:
    """One PersistentVolumeClaim, or one claim template of a StatefulSet, which makes a claim for each replica."""

    node: Node
    name: str
    namespace: str
    labels: Mapping[str, str]
    maker: Workload | None = None

    @property
    def access_modes(self) -> tuple[str, ...]:
        return tuple(m for m in self.node.sequence("spec", "accessModes") if isinstance(m, str))

    @property
    def exclusive(self) -> bool:
        """Whether the pods of one node at a time can use it; nothing is claimed where no mode is written."""
        return bool(self.access_modes) and all(m in {"ReadWriteOnce", "ReadWriteOncePod"} for m in self.access_modes)

    @property
    def storage_class(self) -> str | None:
        """None where it is not written: then the cluster's default decides."""
        older = self.node.text("metadata", "annotations", "volume.beta.kubernetes.io/storage-class")
        written = self.node.text("spec", "storageClassName")
        return older if written is None else written

    @property
    def phase(self) -> str:
        """`Pending`, `Bound` or `Lost` in a live cluster; empty in files."""
        return self.node.text("status", "phase") or ""

    @property
    def title(self) -> str:
        return f"claim {self.name}"

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)


class Claims:
    """All claims of one origin, those of claim templates too, and which workloads mount them."""

    kinds = frozenset({"PersistentVolumeClaim", "StatefulSet"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        made = [_object(r) for r in objects.of("PersistentVolumeClaim")]
        self._objects = {(c.namespace, c.name): c for c in made}
        self._templates: dict[int, list[Claim]] = {}
        self._makers: dict[tuple[str, str], Workload] = {}
        self._mounting: dict[tuple[str, str], list[tuple[Volume, Workload]]] = {}
        for workload in workloads:
            own = [_template(workload, n) for n in _templates(workload)]
            self._templates[id(workload)] = own
            self._makers |= {(workload.namespace, f"{c.name}-{workload.name}"): workload for c in own}
            made += own
            # A claim template takes the place of the volume that has its name.
            replaced = {c.name for c in own}
            for volume in volumes(workload):
                name = volume.node.text("persistentVolumeClaim", "claimName")
                if name and volume.name not in replaced:
                    self._mounting.setdefault((workload.namespace, name), []).append((volume, workload))
        self._items = tuple(made)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self._items)

    def templates(self, workload: Workload) -> Sequence[Claim]:
        """The claims that a StatefulSet makes for each of its replicas."""
        return self._templates.get(id(workload), ())

    def named(self, namespace: str, name: str) -> Claim | None:
        """The claim of that name that stands as an object of its own."""
        return self._objects.get((namespace, name))

    def mounting(self, claim: Claim) -> Sequence[tuple[Volume, Workload]]:
        """The volumes that name this claim, with the workloads they belong to."""
        return () if claim.maker else self._mounting.get((claim.namespace, claim.name), ())

    def maker(self, namespace: str, name: str) -> Workload | None:
        """The StatefulSet whose template makes the claim of that name: template `data` of `web` makes `data-web-0`."""
        head, _, number = name.rpartition("-")
        return self._makers.get((namespace, head)) if number.isdecimal() else None

    def references(self) -> Iterator[tuple[str, str, Volume]]:
        """Each volume that names a claim: namespace, name of the claim, volume."""
        for (namespace, name), users in self._mounting.items():
            for volume, _ in users:
                yield namespace, name, volume


def _object(resource: Resource) -> Claim:
    return Claim(resource.node, resource.name, resource.namespace, resource.labels)


def _templates(workload: Workload) -> Iterator[Node]:
    return workload.resource.get("spec").each("volumeClaimTemplates") if workload.kind == "StatefulSet" else iter(())


def _template(workload: Workload, node: Node) -> Claim:
    # The controller gives each claim the labels of the template and those that the set selects by.
    labels = {**node.strings("metadata", "labels"), **workload.resource.node.strings("spec", "selector", "matchLabels")}
    return Claim(node, node.text("metadata", "name") or "", workload.namespace, labels, workload)


class StorageClasses:
    """All storage classes of one origin."""

    kinds = frozenset({"StorageClass"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(objects.of("StorageClass"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)


class PersistentVolumes:
    """All persistent volumes of one origin."""

    kinds = frozenset({"PersistentVolume"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(objects.of("PersistentVolume"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)


_VELERO, _K8UP, _SNAPSCHEDULER, _VOLSYNC = "velero.io", "k8up.io", "snapscheduler.backube", "volsync.backube"
_CLAIM_RESOURCES = frozenset({"*", "persistentvolumeclaims", "persistentvolumeclaim", "pvc"})


class Backups:
    """Recurring backups of claims: Velero's and k8up's Schedule, snapscheduler's SnapshotSchedule, VolSync's
    ReplicationSource. A backup that is paused or runs once covers nothing."""

    kinds = frozenset({"Schedule", "SnapshotSchedule", "ReplicationSource"})

    def __init__(self, objects: Objects) -> None:
        self._velero = [r for r in objects.of("Schedule", group=_VELERO) if not r.node.boolean("spec", "paused")]
        self._k8up = [r for r in objects.of("Schedule", group=_K8UP) if r.get("spec", "backup").exists]
        self._snapshots = [
            r for r in objects.of("SnapshotSchedule", group=_SNAPSCHEDULER) if not r.node.boolean("spec", "disabled")
        ]
        self._sources = [
            r for r in objects.of("ReplicationSource", group=_VOLSYNC) if not r.node.boolean("spec", "paused")
        ]

    @property
    def any(self) -> bool:
        """Whether there is a recurring backup at all."""
        return bool(self._velero or self._k8up or self._snapshots or self._sources)

    def covering(self, claim: Claim) -> Iterator[Resource]:
        """The backups that select this claim."""
        yield from (r for r in self._velero if _velero_covers(r.get("spec", "template"), claim))
        if claim.node.text("metadata", "annotations", "k8up.io/backup") != "false":
            yield from (r for r in self._k8up if r.namespace == claim.namespace)
        yield from (r for r in self._snapshots if r.namespace == claim.namespace and _picked(r, claim))
        for resource in self._sources:
            source = resource.node.text("spec", "sourcePVC") or ""
            if resource.namespace == claim.namespace and _is_of(source, claim):
                yield resource


def _is_of(name: str, claim: Claim) -> bool:
    """Whether `name` is the claim, or one that its template makes: `data-web-0` of the template `data` of `web`."""
    if claim.maker is None:
        return name == claim.name
    head, _, number = name.rpartition("-")
    return head == f"{claim.name}-{claim.maker.name}" and number.isdecimal()


def _picked(schedule: Resource, claim: Claim) -> bool:
    selector = Selector.read(schedule.get("spec", "claimSelector"))
    return selector is None or selector.matches(claim.labels)


def _velero_covers(template: Node, claim: Claim) -> bool:
    """Whether a Velero backup takes this claim with its data: by namespace, kind of resource and label."""
    named, left = template.sequence("includedNamespaces"), template.sequence("excludedNamespaces")
    if (named and "*" not in named and claim.namespace not in named) or claim.namespace in left:
        return False
    kinds = _resources(template, "includedResources")
    if (kinds and not kinds & _CLAIM_RESOURCES) or _resources(template, "excludedResources") & _CLAIM_RESOURCES:
        return False
    # Snapshots are on unless they are switched off; copying the files is off unless it is switched on.
    copied = template.boolean("defaultVolumesToFsBackup") or template.boolean("defaultVolumesToRestic")
    if template.boolean("snapshotVolumes") is False and not copied:
        return False
    either = [s for n in template.each("orLabelSelectors") if (s := Selector.read(n)) is not None]
    only = Selector.read(template.get("labelSelector"))
    return (only is None or only.matches(claim.labels)) and (not either or any(s.matches(claim.labels) for s in either))


def _resources(template: Node, field: str) -> frozenset[str]:
    """The names of resources in a list, without their groups."""
    return frozenset(str(name).partition(".")[0] for name in template.sequence(field))
