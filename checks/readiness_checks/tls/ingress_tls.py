from readiness import Findings, Severity, check
from readiness.facts.ingress import Ingress, Ingresses, host_matches

_ELSEWHERE = {
    "alb.ingress.kubernetes.io/certificate-arn": "",
    "networking.gke.io/managed-certificates": "",
    "ingress.gcp.kubernetes.io/pre-shared-cert": "",
    "networking.gke.io/pre-shared-cert": "",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate": "",
    "kubernetes.azure.com/tls-cert-keyvault-uri": "",
    "traefik.ingress.kubernetes.io/router.tls": "true",
    "ingress.cloud.ibm.com/ssl-services": "",
}


@check(Severity.HIGH)
def ingress_tls(ingresses: Ingresses) -> Findings:
    """Every host of an Ingress is served with TLS.

    Why: without it, passwords, session cookies and personal data cross networks in clear text, and anybody on the way
        can change the answers.
    Fix: add the host to `spec.tls` with the secret of its certificate, best one that cert-manager renews.
    Peers: Polaris tlsSettingsMissing, Kubescape C-0263.
    Source: Kubernetes, "Ingress", "TLS": https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
    """
    for ingress in ingresses:
        covered = [host for _, hosts, _ in ingress.covered_hosts() for host in hosts]
        whole = any(not hosts for _, hosts, _ in ingress.covered_hosts()) or _elsewhere(ingress)
        for rule in ingress.rules():
            host = rule.text("host") or ""
            good = whole or any(host_matches(pattern, host) for pattern in covered)
            said = "is covered" if good else "is not covered"
            yield rule.at("host").expect(good, f"{host or 'every host'} {said} by spec.tls, wants it covered")
        if not list(ingress.rules()) and list(ingress.backends()):
            good = whole or bool(covered)
            yield ingress.at("spec").expect(
                good, f"every host is {'' if good else 'not '}covered by spec.tls, wants it covered"
            )


def _elsewhere(ingress: Ingress) -> bool:
    """Whether an annotation takes the certificate from the cloud or from the controller's store."""
    notes = ingress.resource.annotations
    return any(notes.get(key) and (not value or notes[key] == value) for key, value in _ELSEWHERE.items())
