from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def priority_class(
    workloads: Workloads,
    service: ServiceSettings,
    *,
    up_to_tier: Annotated[
        int, "the least important tier that has to name a priority class; 0 for none", Stricter.HIGHER
    ] = 1,
) -> Findings:
    """Pods of an important service have a priority class.

    Why: when nodes are full, pods without one wait behind, or make room for, whatever else has one.
    Fix: set `priorityClassName` to a class above the default.
    Peers: kube-linter priority-class-name, Polaris priorityClassNotSet.
    Source: Kubernetes, "Pod Priority and Preemption":
    https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
    """
    if service.tier > up_to_tier:
        return
    for workload in workloads.long_running():
        name = workload.pod.text("priorityClassName")
        yield workload.at_pod("priorityClassName").expect(
            bool(name),
            f"has {f'priority class {name}' if name else 'no priority class'}, wants one for tier {service.tier}",
        )
