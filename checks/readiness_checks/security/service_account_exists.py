from readiness import Findings, Severity, check
from readiness.facts.rbac import Accounts, account_name
from readiness.facts.security import PodSpecs


@check(Severity.MEDIUM)
def service_account_exists(pods: PodSpecs, accounts: Accounts) -> Findings:
    """Every service account that a workload names comes with it.

    Why: pods whose account is missing are never created; the rollout waits until its deadline and says so only in an
        event.
    Fix: add the ServiceAccount to the same namespace, or correct the name; where another team makes it, waive this
        with its owner.
    Peers: kube-linter non-existent-service-account, Popeye POP-307, Kubescape C-0307.
    Source: Kubernetes, "Configure Service Accounts for Pods":
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    for pod in pods:
        name = account_name(pod.workload)
        if name != "default":  # which every namespace has
            there = accounts.of(pod.workload) is not None
            said = f"names the service account {name}, which is {'there' if there else 'not there'}"
            yield pod.at("serviceAccountName").expect(
                there, f"{said}, wants a ServiceAccount in {pod.workload.namespace}", absence=("ServiceAccount",)
            )
