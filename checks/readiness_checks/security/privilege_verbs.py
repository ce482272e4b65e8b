from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles

_RBAC = "rbac.authorization.k8s.io"
_WAYS = (
    ("escalate", (_RBAC, "roles"), (_RBAC, "clusterroles")),
    ("bind", (_RBAC, "roles"), (_RBAC, "clusterroles")),
    ("impersonate", ("", "users"), ("", "groups"), ("", "serviceaccounts"), ("authentication.k8s.io", "userextras")),
)


@check(Severity.CRITICAL)
def privilege_verbs(roles: Roles) -> Findings:
    """No role can give itself more rights.

    Why: with escalate or bind an account writes its own role, with impersonate it becomes somebody else: the other
        rules of the role no longer matter.
    Fix: remove the verb; a controller that hands out roles names them in `resourceNames`.
    Peers: Checkov CKV_K8S_157 and CKV_K8S_158, Kubescape C-0065, Trivy KSV-0050 and KSV-0043, CIS 5.1.8.
    Source: CIS Kubernetes Benchmark 5.1.8, and Kubernetes, "RBAC Good Practices", "Escalate verb":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        found = []
        looked = False
        for verb, *targets in _WAYS:
            if any(rule.reaches(group, name) for group, name in targets):
                looked = True
                found += rule.allowed(verb)
        if looked:
            bad = bool(found) and not rule.names
            said = f"allows {', '.join(found)}" if found else "allows neither escalate nor bind nor impersonate"
            said += " on named objects only" if found and rule.names else ""
            yield rule.node.at("verbs").expect(not bad, f"{said}, wants none of them")
