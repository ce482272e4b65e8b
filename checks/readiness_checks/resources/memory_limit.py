from readiness import Findings, Severity, check
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
    for workload in workloads:
        whole = workload.pod.get("resources", "limits", "memory").exists
        for container in workload.containers():
            if container.role is not Role.EPHEMERAL:
                amount = container.limit("memory")
                said = (
                    "counts on the pod's limit"
                    if whole
                    else f"may use {written(amount, 'memory')}"
                    if amount
                    else "has no limit"
                )
                yield container.at("resources", "limits", "memory").expect(
                    whole or bool(amount),
                    f"{container.title} {said}, wants a memory limit",
                    severity=Severity.MEDIUM if container.role is Role.INIT else None,
                )
