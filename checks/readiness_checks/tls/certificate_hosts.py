from readiness import Findings, Severity, check
from readiness.facts.certificates import Certificates, Entries
from readiness.facts.ingress import host_matches


@check(Severity.HIGH)
def certificate_hosts(entries: Entries, certificates: Certificates) -> Findings:
    """Every certificate is valid for the hosts that are served with it.

    Why: a browser or client that finds another name in the certificate refuses the connection: for it the service is
        down.
    Fix: add the host to `dnsNames` of the Certificate, or serve it with another secret.
    Peers: none.
    Source: RFC 9525, section 6: https://www.rfc-editor.org/rfc/rfc9525
    """
    for entry in entries:
        certificate = certificates.for_secret(entry.namespace, entry.secret)
        if certificate is None:
            continue  # the secret may be made by hand, or from an annotation with the very same hosts
        for host in entry.hosts:
            good = any(host_matches(name, host) for name in certificate.names)
            said = "is" if good else "is not"
            yield entry.node.expect(
                good, f"Certificate {certificate.resource.name} {said} valid for {host}, wants {host} in its dnsNames"
            )
