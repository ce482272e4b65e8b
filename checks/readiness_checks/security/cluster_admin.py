from readiness import Findings, Severity, check
from readiness.facts.rbac import Bindings


@check(Severity.CRITICAL)
def cluster_admin(bindings: Bindings) -> Findings:
    """No account is given the whole cluster.

    Why: whoever reaches a pod with such an account owns every workload, every secret and every node of the cluster.
    Fix: bind a Role with the verbs and resources that the service really uses, in its own namespace.
    Peers: kube-linter cluster-admin-role-binding, Polaris clusterrolebindingClusterAdmin, Kubescape C-0035, CIS
        5.1.1, Trivy KSV-0111.
    Source: CIS Kubernetes Benchmark 5.1.1, and Kubernetes, "RBAC Good Practices":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for binding in bindings:
        all_of_it = binding.role_name == "cluster-admin" or (binding.role is not None and binding.role.anything)
        reach = "cluster" if binding.cluster_wide else f"namespace {binding.resource.namespace}"
        said = f"gives {binding.role_kind} {binding.role_name}"
        said += f", which is every right in the {reach}" if all_of_it else ""
        yield binding.resource.at("roleRef").expect(
            not all_of_it,
            f"{said}, wants the rights that are used",
            severity=None if binding.cluster_wide else Severity.HIGH,
            subjects=[str(subject) for subject in binding.subjects],
        )
