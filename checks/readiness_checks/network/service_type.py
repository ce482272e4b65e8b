from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.services import Service, Services
from readiness.facts.tenancy import label_of

_INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "internal",
    "cloud.google.com/load-balancer-type": "internal",
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "private",
    "service.beta.kubernetes.io/oci-load-balancer-internal": "true",
    "service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
}
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})


@check(Severity.MEDIUM)
def service_type(
    services: Services,
    *,
    declared_by: Annotated[
        tuple[str, ...], "labels or annotations that say `public` on an intended entry", Stricter.FEWER
    ] = (
        "exposure",
        "network.exposure",
    ),
) -> Findings:
    """Services are reached from outside only where that is declared.

    Why: a NodePort opens a port on every node, a LoadBalancer is a public address unless the cloud is told otherwise;
        both pass by the ingress, its certificates and its limits.
    Fix: use ClusterIP behind an Ingress or a Gateway; on a LoadBalancer that is meant to be public write the label
        `exposure: public`, on an internal one the cloud's annotation or `loadBalancerSourceRanges`.
    Peers: kube-score service-type, kube-linter exposed-services, Popeye POP-1103 and POP-1104.
    Source: Kubernetes, "Service", "Publishing Services":
        https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
    """
    for service in services:
        kind = service.kind
        declared = label_of(service.resource, declared_by)
        good, said = kind in {"ClusterIP", "ExternalName"}, f"is of type {kind}"
        if kind == "LoadBalancer" and _internal(service):
            good, said = True, f"{said} and internal"
        elif declared is not None and declared[1].lower() == "public":
            good, said = True, f"{said} and declared public"
        yield service.at("spec", "type").expect(good, f"{said}, wants ClusterIP or a declared entry")


def _internal(service: Service) -> bool:
    notes = service.resource.annotations
    if any(notes.get(key, "").lower() == value for key, value in _INTERNAL.items()):
        return True
    ranges = [r for r in service.resource.node.sequence("spec", "loadBalancerSourceRanges") if isinstance(r, str)]
    return bool(ranges) and _EVERYBODY.isdisjoint(ranges)
