"""What of a cluster is the service's, and which kinds are listed at all."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.engine import registry
from readiness.engine.world import kinds_of, roots_of
from readiness.facts.objects import CLUSTER_SCOPED, Objects, Resource
from readiness.model import Origin
from readiness.sources.cluster.belonging import belonging
from readiness.sources.cluster.kinds import CLUSTER_WIDE, NAMESPACED, REACHING

RBAC = "rbac.authorization.k8s.io/v1"


def resource(kind: str, name: str, namespace: str = "", **body: Any) -> Resource:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **body.pop("metadata", {})}
    return Resource({"kind": kind, "metadata": metadata, **body}, origin=Origin.LIVE, namespace=namespace or "shop")


def kept(*resources: Resource) -> set[str]:
    return {r.name for r in belonging(resources, "shop")}


def test_every_kind_that_a_check_reads_of_a_cluster_is_listed() -> None:
    """Else its absence would be claimed without anybody having looked."""
    needs = [need for check in registry.installed().checks.values() for need in check.needs]
    live = [need.type for need in needs if need.origin is not Origin.RENDERED and Objects in roots_of(need.type)]
    kinds = frozenset().union(*map(kinds_of, live))
    assert "Deployment" in kinds
    assert kinds <= NAMESPACED | CLUSTER_WIDE


def test_kinds_lie_in_namespaces_or_do_not() -> None:
    assert CLUSTER_WIDE <= CLUSTER_SCOPED
    assert CLUSTER_SCOPED.isdisjoint(NAMESPACED)
    assert REACHING <= NAMESPACED


def test_what_the_cluster_puts_into_every_namespace_is_nobodys() -> None:
    given = [
        resource("ConfigMap", "kube-root-ca.crt", "shop"),
        resource("ServiceAccount", "default", "shop", metadata={"uid": "x"}),
    ]
    assert kept(*given) == set()
    assert kept(resource("ConfigMap", "mine", "shop")) == {"mine"}
    assert kept(resource("Secret", "kube-root-ca.crt", "shop")) == {"kube-root-ca.crt"}


@pytest.mark.parametrize(
    "touched",
    [
        {"imagePullSecrets": [{"name": "login"}]},
        {"automountServiceAccountToken": False},
        {"metadata": {"labels": {"app": "shop"}}},
    ],
)
def test_a_default_account_that_somebody_changed_is_the_services(touched: dict[str, Any]) -> None:
    assert kept(resource("ServiceAccount", "default", "shop", **touched)) == {"default"}


def binding(name: str, role: str, *subjects: tuple[str, str, str], **metadata: Any) -> Resource:
    named = [{"kind": k, "name": n, **({"namespace": s} if s else {})} for k, n, s in subjects]
    reference = {"kind": "ClusterRole", "name": role}
    return resource("ClusterRoleBinding", name, roleRef=reference, subjects=named, metadata=metadata, apiVersion=RBAC)


def test_a_binding_for_the_cluster_counts_where_it_reaches_the_namespace() -> None:
    bootstrapped = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    assert kept(
        binding("ours", "reader", ("ServiceAccount", "web", "shop")),
        binding("theirs", "writer", ("ServiceAccount", "web", "other")),
        binding("all-of-ours", "reader", ("Group", "system:serviceaccounts:shop", "")),
        binding("all", "reader", ("Group", "system:serviceaccounts", "")),
        binding("all-of-theirs", "reader", ("Group", "system:serviceaccounts:other", "")),
        binding("a-user", "reader", ("User", "web", "")),
        binding("built-in", "reader", ("Group", "system:serviceaccounts", ""), **bootstrapped),
        resource("ClusterRole", "reader", apiVersion=RBAC),
        resource("ClusterRole", "writer", apiVersion=RBAC),
    ) == {"ours", "all-of-ours", "all", "reader"}


def test_a_role_of_the_cluster_counts_where_a_binding_names_it_and_somebody_wrote_it() -> None:
    inside = resource("RoleBinding", "b", "shop", roleRef={"kind": "ClusterRole", "name": "mine"}, apiVersion=RBAC)
    admin = binding("admin", "cluster-admin", ("ServiceAccount", "web", "shop"))
    built_in = resource("ClusterRole", "cluster-admin", metadata={"labels": {"kubernetes.io/bootstrapping": "x"}})
    found = kept(inside, admin, built_in, resource("ClusterRole", "mine"), resource("ClusterRole", "other"))
    assert found == {"b", "admin", "mine"}


def test_classes_and_volumes_count_where_something_of_the_namespace_names_them() -> None:
    claim = resource("PersistentVolumeClaim", "data", "shop", spec={"storageClassName": "fast", "volumeName": "pv-1"})
    template = {"spec": {"storageClassName": "slow"}}
    pod = {"template": {"spec": {"priorityClassName": "urgent"}}, "volumeClaimTemplates": [template]}
    ingress = resource("Ingress", "front", "shop", spec={"ingressClassName": "nginx"})
    named = {
        "StorageClass": ("fast", "slow"),
        "PersistentVolume": ("pv-1",),
        "IngressClass": ("nginx",),
        "PriorityClass": ("urgent",),
    }
    wide = [resource(kind, name) for kind, names in named.items() for name in (*names, f"other-{kind}")]
    found = kept(claim, resource("StatefulSet", "db", "shop", spec=pod), ingress, *wide)
    assert found == {"data", "db", "front", "fast", "slow", "pv-1", "nginx", "urgent"}


def test_issuers_of_the_cluster_count_where_they_are_asked() -> None:
    certificate = resource("Certificate", "tls", "shop", spec={"issuerRef": {"kind": "ClusterIssuer", "name": "ca"}})
    notes = {"annotations": {"cert-manager.io/cluster-issuer": "public"}}
    ingress = resource("Ingress", "front", "shop", metadata=notes)
    issuers = [resource("ClusterIssuer", name) for name in ("ca", "public", "other")]
    assert kept(certificate, ingress, *issuers) == {"tls", "front", "ca", "public"}


def test_hooks_and_apis_count_where_they_call_into_the_namespace() -> None:
    def hook(name: str, namespace: str) -> Resource:
        client = {"service": {"name": "web", "namespace": namespace}}
        return resource("ValidatingWebhookConfiguration", name, webhooks=[{"clientConfig": client}])

    def kind(name: str, namespace: str) -> Resource:
        client = {"service": {"namespace": namespace}}
        conversion = {"conversion": {"webhook": {"clientConfig": client}}}
        return resource("CustomResourceDefinition", name, spec=conversion)

    found = kept(
        hook("our-hook", "shop"),
        hook("their-hook", "cert-manager"),
        resource("APIService", "our-api", spec={"service": {"namespace": "shop"}}),
        resource("APIService", "their-api", spec={"service": {"namespace": "kube-system"}}),
        kind("our-kind", "shop"),
        kind("their-kind", "other"),
    )
    assert found == {"our-hook", "our-api", "our-kind"}


def test_policies_for_every_pod_count_and_so_does_the_namespace_itself() -> None:
    wide = [resource("CiliumClusterwideNetworkPolicy", "c"), resource("GlobalNetworkPolicy", "g")]
    assert kept(*wide, resource("Namespace", "shop"), resource("Namespace", "other")) == {"c", "g", "shop"}


def test_of_other_namespaces_only_what_looks_into_this_one_counts() -> None:
    def monitor(name: str, **selector: Any) -> Resource:
        return resource("ServiceMonitor", name, "monitoring", spec={"namespaceSelector": selector})

    found = kept(
        monitor("any", any=True),
        monitor("named", matchNames=["shop"]),
        monitor("own"),
        monitor("else", matchNames=["other"]),
        resource("Schedule", "nightly", "velero"),
    )
    assert found == {"any", "named", "nightly"}
