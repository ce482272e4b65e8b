from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.certificates import DAY, Certificates
from readiness.facts.settings import Now


@check(Severity.HIGH)
def certificate_expiry(
    certificates: Certificates,
    now: Now,
    *,
    minimum_percent: Annotated[int, "least share of its life that a certificate has left", Stricter.HIGHER] = 15,
    minimum_days: Annotated[
        int, "fewest days that a certificate has left, where its life allows it", Stricter.HIGHER
    ] = 3,
) -> Findings:
    """No issued certificate is close to its end.

    Why: a certificate that should have been renewed long ago shows that renewal does not work; at its end every
        client is refused.
    Fix: mend the issuer or the proof of the domain, then renew at once with `cmctl renew`.
    Peers: x509-certificate-exporter (fixed 28 and 14 days).
    Source: CA/Browser Forum ballot SC-081v3, which shortens certificates to 47 days:
        https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/
    """
    for certificate in certificates:
        ends = certificate.ends
        if ends is not None:
            left, life = (ends - now.utc).total_seconds(), certificate.lifetime
            least = min(max(life * minimum_percent / 100, minimum_days * DAY), life / 3)
            said = f"has {left / DAY:.3g} of {life / DAY:.3g} days left" if left > 0 else "has expired"
            yield certificate.resource.at("status", "notAfter").expect(
                left >= least, f"{said}, wants {least / DAY:.3g} or more", ends=ends.isoformat()
            )
