from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles

_WRITE = ("create", "update", "patch", "delete")
_WAYS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "nodes/proxy", ("get", "create", "update", "patch")),
    ("", "nodes", ("update", "patch", "delete")),
    ("", "serviceaccounts/token", ("create",)),
    ("", "persistentvolumes", ("create",)),
    ("certificates.k8s.io", "certificatesigningrequests/approval", ("update", "patch")),
    ("certificates.k8s.io", "signers", ("approve", "sign")),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", _WRITE),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", _WRITE),
)


@check(Severity.HIGH)
def sensitive_resources(roles: Roles) -> Findings:
    """No role changes what guards the cluster.

    Why: the kubelet's proxy, token and certificate requests, volumes on the node and admission webhooks each lead to
        the whole cluster, past the audit log or with another name.
    Fix: remove the resource from the rule; such rights belong to the platform's own controllers.
    Peers: Kubescape C-0278 to C-0282, Trivy KSV-0047 and KSV-0114, CIS 5.1.9 to 5.1.13.
    Source: CIS Kubernetes Benchmark 5.1.9 to 5.1.13, and Kubernetes, "RBAC Good Practices":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        reached = [(name, rule.allowed(*verbs)) for group, name, verbs in _WAYS if rule.reaches(group, name)]
        if reached:
            found = [f"{', '.join(verbs)} on {name}" for name, verbs in reached if verbs]
            said = f"allows {'; '.join(found)}" if found else "changes none of the guarded resources"
            yield rule.node.at("resources").expect(not found, f"{said}, wants no such right")
