from readiness import Findings, Severity, check
from readiness.facts.charts import Kustomizations


@check(Severity.CRITICAL)
def kustomize_secret_literals(kustomizations: Kustomizations) -> Findings:
    """No kustomization makes a Secret from values that are written in it.

    Why: whoever can read the repository, its clones and its history can read the secret.
    Fix: rotate the value; take it from an ExternalSecret, SealedSecret or SOPS file, or from a file that is not
        tracked.
    Peers: none.
    Source: Kubernetes, "Good practices for Kubernetes Secrets":
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for kustomization in kustomizations:
        for generator in kustomization.node.each("secretGenerator"):
            name = generator.text("name") or "without a name"
            literals = [item for item in generator.each("literals") if isinstance(item.value, str)]
            filled = [item for item in literals if item.value.partition("=")[2]]
            for item in filled:
                key = item.value.partition("=")[0][:60]
                yield generator.at("literals").expect(False, f"Secret {name} gets {key} from a value written here")
            if not filled:
                yield generator.expect(True, f"Secret {name} has no value written here")
