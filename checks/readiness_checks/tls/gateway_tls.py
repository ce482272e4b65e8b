from readiness import Findings, Severity, check
from readiness.facts.ingress import Gateways

_CRYPTED = frozenset({"HTTPS", "TLS"})


@check(Severity.HIGH)
def gateway_tls(gateways: Gateways) -> Findings:
    """Every Gateway offers HTTPS, with a certificate, for what it offers in clear text.

    Why: a Gateway with an HTTP listener alone carries everything readable; a TLS listener without a certificate never
        becomes ready.
    Fix: add a listener of protocol HTTPS on 443 with `tls.certificateRefs`; keep the HTTP one for the redirect only.
    Peers: none.
    Source: Gateway API, "TLS Configuration": https://gateway-api.sigs.k8s.io/guides/tls/
    """
    for gateway in gateways:
        listeners = list(gateway.listeners())
        safe = {n.text("hostname") or "" for n in listeners if n.text("protocol") in _CRYPTED}
        for node in listeners:
            protocol, host = node.text("protocol"), node.text("hostname") or ""
            if protocol in _CRYPTED:
                ends = (node.text("tls", "mode") or "Terminate") == "Terminate"
                named = bool(node.sequence("tls", "certificateRefs") or node.mapping("tls", "options"))
                said = "names a certificate" if named else "names no certificate" if ends else "passes TLS through"
                yield node.at("tls").expect(
                    named or not ends, f"listener {node.text('name')} {said}, wants certificateRefs"
                )
            elif protocol == "HTTP":
                good = host in safe or "" in safe
                said = "too" if good else "nowhere"
                yield node.at("protocol").expect(
                    good, f"listener {node.text('name')}: {host or 'every host'} is offered with HTTPS {said}, wants it"
                )
