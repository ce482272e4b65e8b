from readiness import Findings, Severity, check
from readiness.facts.certificates import Certificates


@check(Severity.LOW)
def key_rotation(certificates: Certificates) -> Findings:
    """Every renewal of a certificate makes a new private key.

    Why: a key that is kept for years is in every backup and every log of the secret since then; renewing the
        certificate alone heals nothing.
    Fix: set `privateKey.rotationPolicy: Always`; before cert-manager 1.18 the default is Never.
    Peers: none.
    Source: cert-manager, "Certificate resource", "The rotationPolicy setting":
        https://cert-manager.io/docs/usage/certificate/
    """
    for certificate in certificates:
        policy = certificate.resource.get("spec", "privateKey", "rotationPolicy")
        said = (
            f"has the rotation policy {policy.value}"
            if policy.exists
            else "leaves the rotation policy to the version installed"
        )
        yield policy.expect(policy.value == "Always", f"{said}, wants Always")
