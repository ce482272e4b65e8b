from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles

_WAYS = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers", "services/proxy")


@check(Severity.HIGH)
def pod_exec(roles: Roles) -> Findings:
    """No role steps into running pods.

    Why: exec, attach and port-forward reach what a pod holds, its secrets and its network, past the service's own
        access control.
    Fix: remove the subresource from the rule; give people such rights for an hour, through a break-glass procedure.
    Peers: Polaris rolePodExecAttach and clusterrolePodExecAttach, Kubescape C-0002 and C-0063, Trivy KSV-0053 and
        KSV-0054.
    Source: Kubernetes, "RBAC Good Practices": https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        reached = [way for way in _WAYS if rule.reaches("", way)]
        if reached:
            bad = bool(rule.allowed("create", "get", "update", "patch"))
            said = f"{'allows' if bad else 'does not allow'} {', '.join(reached)}"
            yield rule.node.at("resources").expect(not bad, f"{said}, wants no way into running pods")
