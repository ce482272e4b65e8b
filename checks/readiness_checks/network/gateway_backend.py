from readiness import Findings, Severity, check
from readiness.facts.ingress import GatewayRoutes, has_port, ports_of
from readiness.facts.services import Services


@check(Severity.HIGH)
def gateway_backend(routes: GatewayRoutes, services: Services) -> Findings:
    """Every route of a Gateway sends its traffic to a Service and a port that exist.

    Why: a route with a backend that cannot be resolved answers 500 for its share of the traffic.
    Fix: correct `backendRefs`, or add the Service; the port must be one of the Service's numbers.
    Peers: Kubescape C-0302, Popeye (GatewayClass, Gateway and HTTPRoute linters).
    Source: Gateway API, "HTTPRoute", "BackendRefs": https://gateway-api.sigs.k8s.io/api-types/httproute/
    """
    for route in routes:
        for backend in route.backends():
            service = services.named(backend.namespace, backend.name)
            if service is not None:
                yield backend.at_port.expect(
                    has_port(service, backend.port),
                    f"sends traffic to port {backend.port} of Service {backend.name}, wants one of {ports_of(service)}",
                )
            elif backend.namespace == route.resource.namespace:  # another namespace's Service comes from elsewhere
                yield backend.node.expect(
                    False,
                    f"sends traffic to Service {backend.name}, which is not there, wants it in {backend.namespace}",
                    absence=("Service",),
                )
