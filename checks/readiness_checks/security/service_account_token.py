from readiness import Findings, Severity, check
from readiness.facts.rbac import Accounts, Bindings
from readiness.facts.security import PodSpecs


@check(Severity.MEDIUM)
def service_account_token(pods: PodSpecs, accounts: Accounts, bindings: Bindings) -> Findings:
    """Only pods that use the Kubernetes API carry a token for it.

    Why: a token is mounted into every container unless that is switched off; whoever reads one file can speak to the
        API server.
    Fix: set `automountServiceAccountToken: false` on the pod or its ServiceAccount; a pod that needs the API has a
        RoleBinding for its account.
    Peers: Polaris automountServiceAccountToken, Checkov CKV_K8S_38, Kubescape C-0034, Trivy KSV-0036, Popeye POP-301,
        CIS 5.1.6.
    Source: CIS Kubernetes Benchmark 5.1.6, and Kubernetes, "Opt out of API credential automounting":
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    for pod in pods:
        written = pod.spec.boolean("automountServiceAccountToken")
        account = accounts.of(pod.workload)
        if written is None and account is not None:
            written = account.node.boolean("automountServiceAccountToken")
        used = bool(bindings.of(pod.workload))
        said = "mounts no API token" if written is False else "mounts an API token"
        need = "has rights to use it" if used else "has no rights to use it"
        yield pod.at("automountServiceAccountToken").expect(
            written is False or used,
            f"{said} and {need}, wants automountServiceAccountToken false",
            absence=("RoleBinding", "ClusterRoleBinding", "ServiceAccount"),
        )
