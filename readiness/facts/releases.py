"""Kubernetes' releases: which API serves which kind in which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar, NamedTuple

from readiness.facts.objects import Resource

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,4})(?:[.+-][0-9A-Za-z.+-]*|\+)?\Z")
_API = re.compile(r"v(\d{1,6})(?:(alpha|beta)(\d{1,6}))?\Z")

# Removed before the oldest release of the table: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
_OLDER: Mapping[str, Mapping[str, str]] = {
    "extensions/v1beta1": dict.fromkeys(
        ("DaemonSet", "Deployment", "NetworkPolicy", "PodSecurityPolicy", "ReplicaSet"), "1.16"
    )
    | {"Ingress": "1.22"},
    "apps/v1beta1": dict.fromkeys(("ControllerRevision", "Deployment", "StatefulSet"), "1.16"),
    "apps/v1beta2": dict.fromkeys(
        ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "1.16"
    ),
    "admissionregistration.k8s.io/v1beta1": dict.fromkeys(
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"), "1.22"
    ),
    "apiextensions.k8s.io/v1beta1": {"CustomResourceDefinition": "1.22"},
    "apiregistration.k8s.io/v1beta1": {"APIService": "1.22"},
    "auditregistration.k8s.io/v1alpha1": {"AuditSink": "1.19"},
    "authentication.k8s.io/v1beta1": {"TokenReview": "1.22"},
    "authorization.k8s.io/v1beta1": dict.fromkeys(
        ("LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"), "1.22"
    ),
    "autoscaling/v2beta1": {"HorizontalPodAutoscaler": "1.25"},
    "batch/v1beta1": {"CronJob": "1.25"},
    "batch/v2alpha1": {"CronJob": "1.21"},
    "certificates.k8s.io/v1beta1": {"CertificateSigningRequest": "1.22"},
    "coordination.k8s.io/v1beta1": {"Lease": "1.22"},
    "discovery.k8s.io/v1beta1": {"EndpointSlice": "1.25"},
    "events.k8s.io/v1beta1": {"Event": "1.25"},
    "networking.k8s.io/v1beta1": dict.fromkeys(("Ingress", "IngressClass"), "1.22"),
    "node.k8s.io/v1beta1": {"RuntimeClass": "1.25"},
    "policy/v1beta1": dict.fromkeys(("PodDisruptionBudget", "PodSecurityPolicy"), "1.25"),
    "rbac.authorization.k8s.io/v1alpha1": dict.fromkeys(
        ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"), "1.22"
    ),
    "rbac.authorization.k8s.io/v1beta1": dict.fromkeys(
        ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"), "1.22"
    ),
    "scheduling.k8s.io/v1alpha1": {"PriorityClass": "1.22"},
    "scheduling.k8s.io/v1beta1": {"PriorityClass": "1.22"},
    "settings.k8s.io/v1alpha1": {"PodPreset": "1.20"},
    "storage.k8s.io/v1beta1": dict.fromkeys(("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"), "1.22"),
}
# Stable, served, and deprecated all the same: since when, and what takes their place.
_RETIRING: Mapping[tuple[str, str], tuple[str, str]] = {
    ("v1", "ComponentStatus"): ("1.19", "nothing"),
    ("v1", "Endpoints"): ("1.33", "discovery.k8s.io/v1 EndpointSlice"),
}


class Release(NamedTuple):
    """A minor release of Kubernetes."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """The release in `1.34`, `v1.34.2` or `1.34.2-eks-1`; None where there is none."""
        match = _VERSION.match(text.strip())
        return cls(int(match[1]), int(match[2])) if match else None

    def later(self, minors: int) -> Release:
        return Release(self.major, self.minor + minors)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Service(NamedTuple):
    """From which release on an API serves a kind, and the first one that does not any more (None: not known to end)."""

    since: Release | None
    removed: Release | None

    def holds(self, release: Release) -> bool:
        return (self.since is None or self.since <= release) and (self.removed is None or release < self.removed)


class Apis:
    """Which apiVersion serves which kind in which release of Kubernetes. Custom resources are none of it.

    `load` gives, for each apiVersion and kind, the first and the last release that serves it.
    """

    root: ClassVar[bool] = True

    def __init__(self, load: Callable[[], Mapping[str, Mapping[str, tuple[str, str]]]]) -> None:
        self._load = load

    @cached_property
    def _loaded(self) -> dict[str, dict[str, tuple[Release, Release]]]:
        loaded: dict[str, dict[str, tuple[Release, Release]]] = {}
        for api_version, kinds in self._load().items():
            for kind, (first, last) in kinds.items():
                span = Release.parse(first), Release.parse(last)
                if span[0] is not None and span[1] is not None:
                    loaded.setdefault(api_version, {})[kind] = (span[0], span[1])
        return loaded

    @cached_property
    def newest(self) -> Release:
        """The newest release that is known here."""
        return max(last for kinds in self._loaded.values() for _, last in kinds.values())

    @cached_property
    def _table(self) -> dict[str, dict[str, Service]]:
        oldest = min(first for kinds in self._loaded.values() for first, _ in kinds.values())
        table: dict[str, dict[str, Service]] = {}
        for api_version, older in _OLDER.items():
            table[api_version] = {kind: Service(None, Release.parse(at)) for kind, at in older.items()}
        for api_version, kinds in self._loaded.items():
            for kind, (first, last) in kinds.items():
                since = None if first == oldest else first
                removed = None if last == self.newest else last.later(1)
                table.setdefault(api_version, {})[kind] = Service(since, removed)
        return table

    @cached_property
    def _groups(self) -> frozenset[str]:
        return frozenset(api_version.rpartition("/")[0] for api_version in self._table)

    def built_in(self, resource: Resource) -> bool:
        """Whether the object's API group is one of Kubernetes' own, so that it must be in the table.

        Kustomize calls its own transformers `builtin`.
        """
        return resource.group in self._groups and resource.api_version != "builtin"

    def service(self, api_version: str, kind: str) -> Service | None:
        """When that apiVersion serves that kind; None where no release ever did."""
        return self._table.get(api_version, {}).get(kind)

    def members(self, api_version: str) -> frozenset[str]:
        """All kinds that some release serves in that apiVersion."""
        return frozenset(self._table.get(api_version, {}))

    def serving(self, kind: str, release: Release, group: str) -> str:
        """The best apiVersion for that kind in that release: the same group first, stable before beta; or empty."""
        found = [a for a, kinds in self._table.items() if kind in kinds and kinds[kind].holds(release)]
        return max(found, key=lambda a: (a.rpartition("/")[0] == group, _rank(a)), default="")

    def retiring(self, api_version: str, kind: str, release: Release) -> str:
        """What takes the place of an API that this release serves and deprecates; empty where it is not deprecated.

        A pre-release API is deprecated as soon as a better one of its group serves the same kind.
        """
        since, instead = _RETIRING.get((api_version, kind), ("", ""))
        started = Release.parse(since)
        if started is not None and started <= release:
            return instead
        best = self.serving(kind, release, api_version.rpartition("/")[0])
        lower = _rank(api_version)[0] < 2 and _rank(api_version) < _rank(best)
        return best if lower else ""


def _rank(api_version: str) -> tuple[int, int, int]:
    """Sorts versions of a group as Kubernetes does: stable, beta, alpha, then by number."""
    match = _API.match(api_version.rpartition("/")[2])
    if not match:
        return (-1, 0, 0)
    return ({"alpha": 0, "beta": 1, None: 2}[match[2]], int(match[1]), int(match[3] or 0))


class Aim(NamedTuple):
    """The release that an environment is held against. `declared` is False where the settings name none."""

    release: Release
    declared: bool

    @classmethod
    def of(cls, apis: Apis, declared: str) -> Aim:
        """The declared release, or the newest known."""
        release = Release.parse(declared)
        return cls(release or apis.newest, release is not None)

    def __str__(self) -> str:
        return f"Kubernetes {self.release}" + ("" if self.declared else " (the newest known; none is declared)")
