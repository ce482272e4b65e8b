from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.certificates import DAY, Certificates


@check(Severity.MEDIUM)
def certificate_renewal(
    certificates: Certificates,
    *,
    minimum_percent: Annotated[
        int, "share of its life that a certificate still has when it is renewed", Stricter.HIGHER
    ] = 20,
) -> Findings:
    """Certificates are renewed while there is time left to mend a failing renewal.

    Why: an issuer that is down, or a DNS change that breaks the proof, is found only at the next renewal; what is
        left of the old certificate is the time to notice.
    Fix: leave `renewBefore` out, which means a third of the certificate's life, or make it longer; it must be below
        `duration`.
    Peers: none (x509-certificate-exporter alerts on fixed days).
    Source: cert-manager, "Certificate resource", "Reissuance and renewal":
        https://cert-manager.io/docs/usage/certificate/
    """
    for certificate in certificates:
        life, left = certificate.lifetime, certificate.renewed_before
        percent = 100 * left / life
        good = minimum_percent <= percent < 100
        yield certificate.at("renewBefore").expect(
            good,
            f"is renewed with {left / DAY:.3g} of {life / DAY:.3g} days left, wants {minimum_percent} % or more",
            percent=round(percent, 1),
        )
