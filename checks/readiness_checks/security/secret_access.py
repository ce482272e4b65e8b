from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles


@check(Severity.HIGH)
def secret_access(roles: Roles) -> Findings:
    """No role reads secrets at large.

    Why: get, list or watch on secrets without names hands out every password and key of the namespace, service
        account tokens included; `list` alone returns the contents.
    Fix: name the secrets in `resourceNames` with the verb get, or mount them into the pod and drop the rule.
    Peers: kube-linter access-to-secrets, Kubescape C-0015, Checkov CKV2_K8S_5, Trivy KSV-0041 and KSV-0113, CIS
        5.1.2.
    Source: CIS Kubernetes Benchmark 5.1.2, and Kubernetes, "RBAC Good Practices":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        if rule.reaches("", "secrets"):
            verbs = rule.allowed("get", "list", "watch")
            bad = bool(verbs) and not rule.names
            which = f"{len(rule.names)} named secrets" if rule.names else "all secrets"
            said = f"allows {', '.join(verbs)} on {which}" if verbs else "reads no secrets"
            yield rule.node.at("resources").expect(not bad, f"{said}, wants resourceNames")
