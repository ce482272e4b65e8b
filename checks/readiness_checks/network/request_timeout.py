from readiness import Findings, Severity, check
from readiness.facts.certificates import duration
from readiness.facts.ingress import GatewayRoutes, VirtualServices


@check(Severity.LOW)
def request_timeout(virtual_services: VirtualServices, routes: GatewayRoutes) -> Findings:
    """Every HTTP route ends a request that takes too long.

    Why: a request without a time limit holds a connection and a thread on every hop while one slow dependency lasts.
    Fix: set `timeout` on each route of a VirtualService, `timeouts.request` on each rule of an HTTPRoute.
    Peers: none (Mercari's checklist asks for it).
    Source: Gateway API, "HTTPRoute", "Timeouts": https://gateway-api.sigs.k8s.io/api-types/httproute/
    """
    for rule in virtual_services.routes():
        limit = rule.text("timeout")
        yield rule.at("timeout").expect(bool(duration(limit)), f"has the time limit {limit or 'none'}, wants one")
    for route in routes:
        for rule in route.rules() if route.resource.kind == "HTTPRoute" else ():
            if rule.sequence("backendRefs"):
                limit = rule.text("timeouts", "request")
                yield rule.at("timeouts").expect(
                    bool(duration(limit)), f"has the time limit {limit or 'none'}, wants one"
                )
