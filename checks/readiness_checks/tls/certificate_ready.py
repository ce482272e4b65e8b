from readiness import Findings, Severity, check
from readiness.facts.certificates import Certificates


@check(Severity.HIGH)
def certificate_ready(certificates: Certificates) -> Findings:
    """cert-manager holds every certificate for ready.

    Why: a certificate that is not ready was not issued or not renewed; the old one is served until it expires, then
        nothing is.
    Fix: read `kubectl describe certificate` and the CertificateRequest, Order and Challenge that belong to it.
    Peers: none.
    Source: cert-manager, "Troubleshooting": https://cert-manager.io/docs/troubleshooting/
    """
    for certificate in certificates:
        for condition in certificate.resource.node.each("status", "conditions"):
            if condition.text("type") == "Ready":
                status, reason = condition.text("status") or "unknown", condition.text("reason") or "no reason given"
                yield condition.expect(status == "True", f"is Ready {status} ({reason}), wants True")
