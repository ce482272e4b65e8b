from readiness import Findings, Severity, check
from readiness.facts.rbac import Bindings


@check(Severity.MEDIUM)
def cluster_wide_rights(bindings: Bindings) -> Findings:
    """The rights of a service end at its namespace.

    Why: a ClusterRoleBinding gives the same verbs in every namespace, those of other tenants and of the cluster
        itself included.
    Fix: bind the ClusterRole by a RoleBinding in each namespace that needs it; operators of the whole cluster take a
        waiver.
    Peers: none as such; CIS 5.1.1 comes nearest.
    Source: Kubernetes, "RBAC Good Practices", "Least privilege":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for binding in bindings:
        accounts = [str(subject) for subject in binding.subjects if subject.kind == "ServiceAccount"]
        if accounts:
            wide = binding.cluster_wide
            where = "in every namespace" if wide else f"in {binding.resource.namespace}"
            yield binding.resource.at("kind").expect(
                not wide,
                f"gives {binding.role_kind} {binding.role_name} {where} to {', '.join(accounts)}, wants a RoleBinding",
            )
