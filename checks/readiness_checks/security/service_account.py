from readiness import Findings, Severity, check
from readiness.facts.rbac import account_name
from readiness.facts.security import PodSpecs


@check(Severity.MEDIUM)
def service_account(pods: PodSpecs) -> Findings:
    """Every workload runs under a service account of its own.

    Why: rights given to the account `default` for one workload are given to every pod of the namespace that names no
        account.
    Fix: make a ServiceAccount for the workload and name it in `serviceAccountName`.
    Peers: kube-linter default-service-account, Checkov CKV_K8S_41, Popeye POP-300, Kubescape C-0189.
    Source: CIS Kubernetes Benchmark 5.1.5, and Kubernetes, "Configure Service Accounts for Pods":
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    for pod in pods:
        name = account_name(pod.workload)
        yield pod.at("serviceAccountName").expect(
            name != "default", f"runs under the service account {name}, wants one of its own", account=name
        )
