from readiness import Findings, Severity, check
from readiness.facts.services import Services

_INSIDE = (".svc", ".svc.cluster.local")


@check(Severity.LOW)
def external_names(services: Services) -> Findings:
    """No Service leads by an alias into another namespace.

    Why: such a Service makes a path through the ingress into a namespace whose owner did not open it, and no policy
        of this namespace shows it.
    Fix: call the other Service by its full name, or let its owner grant a Gateway route with a ReferenceGrant.
    Peers: none.
    Source: Gateway API, "ReferenceGrant", on CVE-2021-25740:
        https://gateway-api.sigs.k8s.io/api-types/referencegrant/
    """
    for service in services:
        if service.kind == "ExternalName":
            target = (service.resource.node.text("spec", "externalName") or "").rstrip(".")
            inside = target.endswith(_INSIDE)
            labels = target.removesuffix(".cluster.local").removesuffix(".svc").split(".")
            other = inside and labels[-1] != service.namespace
            yield service.at("spec", "externalName").expect(
                not other, f"leads to {target or 'nothing'}, wants no other namespace of the cluster"
            )
