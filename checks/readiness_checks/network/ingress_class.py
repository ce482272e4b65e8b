from readiness import Findings, Severity, check
from readiness.facts.ingress import Ingresses


@check(Severity.MEDIUM)
def ingress_class(ingresses: Ingresses) -> Findings:
    """Every Ingress names its class in `spec.ingressClassName`.

    Why: without a class the cluster's default takes the Ingress, or nobody does; a second controller, or another
        default, changes who serves it. The older annotation is not in every controller any more.
    Fix: set `spec.ingressClassName` and remove the annotation `kubernetes.io/ingress.class`.
    Peers: eksup K8S013, Popeye POP-1400.
    Source: Kubernetes, "Ingress class":
        https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
    """
    for ingress in ingresses:
        written = ingress.resource.node.text("spec", "ingressClassName")
        said = f"names the class {written}" if written else "names no class"
        if not written and ingress.class_name:
            said = f"names the class {ingress.class_name} by the old annotation"
        yield ingress.at("spec", "ingressClassName").expect(bool(written), f"{said}, wants spec.ingressClassName")
