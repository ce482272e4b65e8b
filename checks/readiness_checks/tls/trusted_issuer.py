import re
from itertools import pairwise

from readiness import Findings, Severity, check
from readiness.facts.certificates import Certificates, Entries, Issuer, Issuers
from readiness.facts.settings import ServiceSettings

_WORDS = re.compile(r"[^a-z0-9]+")
_TRIAL = frozenset({"staging", "selfsigned", "test", "fake", "pebble"})


@check(Severity.HIGH)
def trusted_issuer(
    entries: Entries, certificates: Certificates, issuers: Issuers, settings: ServiceSettings
) -> Findings:
    """In production the public is served with certificates that clients trust.

    Why: a self-signed certificate, or one of an authority's trial service, makes every browser warn and every client
        that checks fail.
    Fix: point `issuerRef`, or the annotation `cert-manager.io/cluster-issuer`, to the issuer for production.
    Peers: none.
    Source: Let's Encrypt, "Staging Environment": https://letsencrypt.org/docs/staging-environment/
    """
    if settings.profile != "production":
        return
    for entry in entries:
        certificate = certificates.for_secret(entry.namespace, entry.secret)
        kind, name = certificate.issuer if certificate is not None else entry.issuer
        if name:
            place = certificate.at("issuerRef") if certificate is not None else entry.node.at()
            why = _why_not(issuers.named(kind, entry.namespace, name), name)
            yield place.expect(
                not why, f"{kind} {name} {why or 'makes certificates that clients trust'}, wants a trusted one"
            )


def _why_not(issuer: Issuer | None, name: str) -> str:
    if issuer is not None:
        if issuer.self_signed:
            return "signs by itself"
        return "is an authority's trial service" if "staging" in issuer.acme_server else ""
    words = _WORDS.split(name.lower())
    joined = pairwise(words)
    trial = not _TRIAL.isdisjoint(words) or ("self", "signed") in joined
    return "is for trials by its name" if trial else ""
