from readiness import Findings, Severity, check
from readiness.facts.environment import Environment
from readiness.facts.secrets import holds_password, is_literal, names_a_secret


@check(Severity.CRITICAL)
def environment_literals(environment: Environment) -> Findings:
    """No container has a secret written into its environment.

    Why: whoever may read the Deployment, its history in git or the output of `kubectl describe` has the secret.
    Fix: put the value into a Secret from your store and refer to it by `valueFrom.secretKeyRef`, or mount it as a
    file; then
    change the secret, since the old one is known.
    Peers: kube-linter env-var-secret, Polaris sensitiveContainerEnvVar, Kubescape C-0012, Checkov CKV_K8S_35 (files).
    Source: Kubernetes, "Good practices for Kubernetes Secrets": https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for variable in environment.variables():
        value = variable.value
        by_name = names_a_secret(variable.name)
        if value is None:
            if by_name and variable.node.get("valueFrom").exists:
                yield variable.node.expect(ok=True, message=f"{variable.name} comes from elsewhere")
            continue
        # A value such as API_KEY_VAL stands where a script puts the real one: it is a placeholder, and no secret.
        stands_in = value in {f"{variable.name}_{word}" for word in ("VAL", "VALUE", "PLACEHOLDER", "HERE")}
        written = (by_name and is_literal(value) and not stands_in) or holds_password(value)
        if written or by_name:
            said = f"has a literal value of {len(value)} characters" if written else "has no literal value"
            yield variable.node.at("value").expect(
                not written, f"{variable.name} {said}, wants a secretKeyRef or a file"
            )
