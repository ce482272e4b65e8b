from readiness import Findings, Severity, check
from readiness.facts.limits import amounts
from readiness.facts.pods import Role
from readiness.facts.quantities import written
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def memory_limit(workloads: Workloads) -> Findings:
    """Every container has a bound on its memory.

    Why: a leak without a limit takes the whole node, and the kernel then kills whichever process it likes. An init
    container counts for less: it is gone before the service starts.
    Fix: set `resources.limits.memory` above the container's peak.
    Peers: kube-score container-resources, kube-linter unset-memory-requirements, Polaris memoryLimitsMissing,
    Kubescape C-0271, Checkov CKV_K8S_13, Trivy KSV-0018, Popeye POP-107.
    Source: Kubernetes, "Resource Management for Pods and Containers":
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    for asked in amounts(workloads, "limits", "memory"):
        own = f"may use {written(asked.amount, 'memory')}" if asked.amount else "has no limit"
        said = "counts on the pod's limit" if asked.of_pod else own
        yield asked.place.expect(
            asked.given,
            f"{asked.container.title} {said}, wants a memory limit",
            severity=Severity.MEDIUM if asked.container.role is Role.INIT else None,
        )
