from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.ingress import GatewayRoutes, Gateways, Ingresses, host_matches
from readiness.facts.objects import Node


@check(Severity.CRITICAL)
def declared_hosts(
    ingresses: Ingresses,
    gateways: Gateways,
    routes: GatewayRoutes,
    *,
    hosts: Annotated[
        tuple[str, ...], "the public hosts of this environment; none means that nobody declared them", Stricter.FEWER
    ] = (),
) -> Findings:
    """The service is reachable under its declared hosts only.

    Why: an entry that nobody declared is one that nobody watches, tests or patches; a host of another environment
        takes its traffic.
    Fix: remove the host, or add it to the check's setting `hosts` after a review.
    Peers: Kubescape C-0256 and C-0266 (any exposure).
    Source: NIST SP 800-53 rev. 5, CM-7, least functionality: https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
    """
    if not hosts:
        return
    found: list[tuple[Node, str]] = []
    found += [(rule.get("host"), rule.text("host") or "") for ingress in ingresses for rule in ingress.rules()]
    found += [(n.get("hostname"), n.text("hostname") or "") for gateway in gateways for n in gateway.listeners()]
    found += [(node, name) for route in routes for node, name in route.hostnames()]
    for node, host in found:
        good = any(host_matches(pattern, host) for pattern in hosts)
        yield node.expect(good, f"is reachable under {host or 'every host'}, wants {', '.join(hosts)}")
