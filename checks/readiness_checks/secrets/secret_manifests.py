from readiness import Findings, Rendered, Severity, check
from readiness.facts.secrets import SecretObjects, decoded, is_placeholder

# Entries that are public by their nature.
_PUBLIC = frozenset(
    {"ca.crt", "tls.crt", "ca-bundle.crt", "ca.pem", "namespace", "username", "user", "host", "port", "type"}
)


@check(Severity.CRITICAL)
def secret_manifests(secrets: Rendered[SecretObjects]) -> Findings:
    """No manifest carries the content of a Secret.

    Why: base64 is no encryption: the value is known to everybody who reads the repository, its history or the
    pipeline's log.
    Fix: let External Secrets, the CSI driver, Sealed Secrets or SOPS bring the value; then change it, since it is
    known.
    Peers: none.
    Source: Kubernetes, "Good practices for Kubernetes Secrets": https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for resource in secrets.items:
        bad = False
        for key, text, route in decoded(resource):
            if (
                not _PUBLIC.isdisjoint((key.lower(), key.lower().rpartition(".")[2]))
                or not text.strip()
                or text.startswith(("ENC[", "vault:", "ref+"))
                or _is_template(text)
            ):
                continue
            bad = True
            severity = Severity.HIGH if is_placeholder(text) else None
            yield resource.at(*route).expect(
                ok=False,
                message=f"{key} is written with {len(text)} characters, wants it from a store",
                severity=severity,
            )
        if not bad:
            yield resource.at().expect(ok=True, message="carries no content")


def _is_template(text: str) -> bool:
    """Whether some other program fills it in before it is applied."""
    text = text.strip()
    return (text.startswith("${") and text.endswith("}")) or (text.startswith("{{") and text.endswith("}}"))
