from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.certificates import Certificates


@check(Severity.HIGH)
def certificate_key(
    certificates: Certificates,
    *,
    rsa_bits: Annotated[int, "fewest bits of an RSA key", Stricter.HIGHER] = 2048,
    curve_bits: Annotated[int, "fewest bits of an elliptic curve key", Stricter.HIGHER] = 256,
) -> Findings:
    """The private key of every certificate is long enough.

    Why: public authorities refuse shorter keys, so the next renewal fails; and clients stop trusting them.
    Fix: set `privateKey.algorithm: ECDSA` with `size: 256`, or RSA with 2048 or more.
    Peers: sslyze (on the served certificate).
    Source: CA/Browser Forum Baseline Requirements, section 6.1.5:
        https://cabforum.org/working-groups/server/baseline-requirements/
    """
    for certificate in certificates:
        key = certificate.resource.get("spec", "privateKey")
        algorithm = key.text("algorithm") or "RSA"
        wanted = {"RSA": rsa_bits, "ECDSA": curve_bits}.get(algorithm)
        size = key.integer("size") or {"RSA": 2048, "ECDSA": 256}.get(algorithm)
        if wanted is not None and size is not None:
            yield key.at("size").expect(
                size >= wanted, f"has an {algorithm} key of {size} bits, wants {wanted} or more"
            )
