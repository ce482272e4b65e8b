from readiness import Findings, Severity, check
from readiness.facts.encryption import Webhooks


@check(Severity.MEDIUM)
def webhook_ca(webhooks: Webhooks) -> Findings:
    """The API server can verify every admission webhook.

    Why: a webhook whose certificate cannot be verified fails each call; with the failure policy Fail nothing it
        watches can be created any more.
    Fix: let cert-manager fill in `caBundle` (annotation `cert-manager.io/inject-ca-from`), or write it.
    Peers: none.
    Source: Kubernetes, "Dynamic Admission Control", "Contacting the webhook":
        https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
    """
    for node, injected in webhooks.clients():
        written = bool(node.text("caBundle"))
        far = bool(node.text("url"))  # may be signed by an authority that the server knows
        said = "has a caBundle" if written else "has its caBundle injected" if injected else "has no caBundle"
        yield node.expect(written or injected or far, f"{said}, wants one")
