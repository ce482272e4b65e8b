from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles

_MAKERS = (
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
)


@check(Severity.HIGH)
def pod_creation(roles: Roles) -> Findings:
    """No role creates pods, or what creates them.

    Why: who makes a pod chooses its service account and mounts any secret of the namespace: the right to create pods
        is the right to all of them.
    Fix: remove the verb create from the rule; let the deployment pipeline create workloads, not the running service.
    Peers: kube-linter access-to-create-pods, Kubescape C-0188, Trivy KSV-0048, CIS 5.1.4.
    Source: CIS Kubernetes Benchmark 5.1.4, and Kubernetes, "RBAC Good Practices", "Workload creation":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        reached = [name for group, name in _MAKERS if rule.reaches(group, name)]
        if reached:
            bad = bool(rule.allowed("create"))
            said = f"{'creates' if bad else 'does not create'} {', '.join(reached)}"
            yield rule.node.at("verbs").expect(not bad, f"{said}, wants no right to create them")
