from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.quantities import written
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def guaranteed_memory(
    workloads: Workloads,
    service: ServiceSettings,
    *,
    up_to_tier: Annotated[int, "the least important tier whose memory is guaranteed; 0 for none", Stricter.HIGHER] = 1,
) -> Findings:
    """Containers of an important service get all the memory that they may use.

    Why: memory between request and limit is borrowed; when the node runs short, the borrower is killed first.
    Fix: set the memory request to the memory limit.
    Peers: kube-score container-memory-requests-equal-limits.
    Source: Kubernetes, "Pod Quality of Service Classes": https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
    """
    if service.tier > up_to_tier:
        return
    for workload in workloads.long_running():
        for container in workload.running():
            asked, limit = container.request("memory"), container.limit("memory")
            if asked is not None and limit is not None:
                yield container.at("resources", "requests", "memory").expect(
                    asked == limit,
                    f"{container.title} asks for {written(asked, 'memory')} and may use {written(limit, 'memory')}, "
                    "wants both equal",
                )
