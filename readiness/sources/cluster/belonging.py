"""Which of the listed objects are about the namespace, and which nobody wrote.

A cluster is full of objects that are not the service's: system roles, other people's webhooks, what is put into every
namespace. Checks would judge the service by them. So a cluster-wide object belongs to the namespace only if it names
it, or is named by what lies in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from readiness.facts.objects import Node, Resource
from readiness.facts.scraping import MONITOR_KINDS, Monitor

# Put into every namespace by Kubernetes, OpenShift and Istio.
_GIVEN = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})
_BOOTSTRAPPED = "kubernetes.io/bootstrapping"
_RBAC = "rbac.authorization.k8s.io"
_HOOKS = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})
_EVERYWHERE = frozenset({"CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy"})


def belonging(resources: Iterable[Resource], namespace: str) -> list[Resource]:
    """The objects that somebody wrote for the namespace or that bear on what runs there, in their order."""
    listed = list(resources)
    inside = [r for r in listed if r.namespace == namespace and not given(r)]
    outside = [r for r in listed if r.namespace != namespace]
    bindings = [r for r in outside if r.kind == "ClusterRoleBinding" and _binds(r, namespace)]
    named = _names(inside, bindings)
    kept = {id(r) for r in (*inside, *bindings)}
    kept |= {id(r) for r in outside if _belongs(r, namespace, named)}
    return [r for r in listed if id(r) in kept]


def given(resource: Resource) -> bool:
    """Whether the cluster itself puts the object there: a root certificate, an account that nobody touched."""
    if resource.kind == "ConfigMap":
        return resource.name in _GIVEN
    if resource.kind == "ServiceAccount" and resource.name == "default":
        return not resource.labels and not resource.body.keys() & {"imagePullSecrets", "automountServiceAccountToken"}
    return resource.kind == "Service" and resource.name == "kubernetes" and resource.namespace == "default"


def _belongs(resource: Resource, namespace: str, named: frozenset[tuple[str, str]]) -> bool:
    """Whether an object outside the namespace is about it."""
    if resource.kind == "ClusterRole":
        return (resource.kind, resource.name) in named and _BOOTSTRAPPED not in resource.labels
    if resource.kind in _HOOKS:
        return any(_calls(hook.get("clientConfig"), namespace) for hook in resource.node.each("webhooks"))
    if resource.kind == "CustomResourceDefinition":
        return _calls(resource.get("spec", "conversion", "webhook", "clientConfig"), namespace)
    if resource.kind == "APIService":
        return resource.node.text("spec", "service", "namespace") == namespace
    if resource.kind == "Namespace":
        return resource.name == namespace
    if resource.namespace:
        return resource.kind not in MONITOR_KINDS or Monitor(resource).covers(namespace)
    if resource.kind in _EVERYWHERE:
        return True
    return (resource.kind, resource.name) in named


def _calls(client: Node, namespace: str) -> bool:
    return client.text("service", "namespace") == namespace


def _binds(binding: Resource, namespace: str) -> bool:
    """Whether a binding for the whole cluster, made by somebody, gives rights to accounts of the namespace."""
    if _BOOTSTRAPPED in binding.labels:
        return False
    groups = {f"system:serviceaccounts:{namespace}", "system:serviceaccounts"}
    for subject in binding.node.each("subjects"):
        if subject.text("kind") == "ServiceAccount" and subject.text("namespace") == namespace:
            return True
        if subject.text("kind") == "Group" and subject.text("name") in groups:
            return True
    return False


def _names(inside: list[Resource], bindings: list[Resource]) -> frozenset[tuple[str, str]]:
    """Kind and name of the cluster-wide objects that these name."""
    return frozenset(pair for resource in (*inside, *bindings) for pair in _named_by(resource))


def _named_by(resource: Resource) -> Iterator[tuple[str, str]]:
    for kind, route in _REFERENCES.get(resource.kind, ()):
        name = resource.node.text(*route)
        if name:
            yield kind, name
    for pod in _PODS:
        yield "PriorityClass", resource.node.text(*pod, "priorityClassName") or ""
    if resource.kind == "StatefulSet":
        for template in resource.node.each("spec", "volumeClaimTemplates"):
            yield "StorageClass", template.text("spec", "storageClassName") or ""
    reference = resource.get("roleRef") if resource.kind.endswith("RoleBinding") else resource.get("spec", "issuerRef")
    if reference.exists:
        yield reference.text("kind") or "", reference.text("name") or ""
    issuer = resource.annotations.get("cert-manager.io/cluster-issuer")
    if issuer:
        yield "ClusterIssuer", issuer
    for owner in resource.node.each("metadata", "ownerReferences"):
        yield owner.text("kind") or "", owner.text("name") or ""


_PODS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
_REFERENCES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "PersistentVolumeClaim": (
        ("StorageClass", ("spec", "storageClassName")),
        ("PersistentVolume", ("spec", "volumeName")),
    ),
    "Ingress": (
        ("IngressClass", ("spec", "ingressClassName")),
        ("IngressClass", ("metadata", "annotations", "kubernetes.io/ingress.class")),
    ),
}

Trim = Callable[[dict[str, Any]], dict[str, Any]]


def trimmed(body: dict[str, Any]) -> dict[str, Any]:
    """The object without what no check reads and what may be large: who wrote which field, what was applied last.

    Pods and ReplicaSets that a controller made are kept by their names, labels and owners alone.
    """
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return body
    metadata.pop("managedFields", None)
    notes = metadata.get("annotations")
    if isinstance(notes, dict):
        notes.pop("kubectl.kubernetes.io/last-applied-configuration", None)
        if not notes:
            del metadata["annotations"]
    if body.get("kind") in ("Pod", "ReplicaSet") and _driven(metadata):
        return {k: body[k] for k in ("apiVersion", "kind", "metadata") if k in body}
    if body.get("kind") == "CustomResourceDefinition" and isinstance(body.get("spec"), dict):
        body["spec"] = {k: v for k, v in body["spec"].items() if k != "versions"}
    return body


def _driven(metadata: Mapping[str, Any]) -> bool:
    owners = metadata.get("ownerReferences")
    return isinstance(owners, list) and any(isinstance(o, dict) and o.get("controller") is True for o in owners)
