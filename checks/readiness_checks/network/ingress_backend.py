from readiness import Findings, Severity, check
from readiness.facts.ingress import Ingresses, has_port, ports_of
from readiness.facts.services import Services


@check(Severity.HIGH)
def ingress_backend(ingresses: Ingresses, services: Services) -> Findings:
    """Every Ingress sends its traffic to a Service and a port that exist.

    Why: a wrong name or port in a backend answers every request with 503, and nothing else in the cluster complains.
    Fix: correct `backend.service.name` and `port`, or add the Service to the same namespace.
    Peers: kube-score ingress-targets-service, kube-linter dangling-ingress, Popeye POP-1401 and POP-1402, Kubescape
        C-0298.
    Source: Kubernetes, "Ingress": https://kubernetes.io/docs/concepts/services-networking/ingress/
    """
    for ingress in ingresses:
        for backend in ingress.backends():
            service = services.named(backend.namespace, backend.name)
            if service is None:
                yield backend.node.expect(
                    False,
                    f"sends traffic to Service {backend.name}, which is not there, wants it in {backend.namespace}",
                    absence=("Service",),
                )
            else:
                yield backend.at_port.expect(
                    has_port(service, backend.port),
                    f"sends traffic to port {backend.port} of Service {backend.name}, wants one of {ports_of(service)}",
                )
