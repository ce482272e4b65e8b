from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workload, Workloads


@check(Severity.MEDIUM)
def grace_period(
    workloads: Workloads,
    *,
    drain: Annotated[int, "seconds the application may need to finish what it has begun", Stricter.HIGHER] = 30,
    reserve: Annotated[int, "seconds to spare before the kill", Stricter.HIGHER] = 5,
) -> Findings:
    """The grace period is long enough for the preStop hook and for the work in hand.

    Why: the preStop hook runs on the same clock; what the application has not finished when it is up is killed,
    requests and transactions with it. High where the application gets no time at all.
    Fix: set `terminationGracePeriodSeconds` to the preStop sleep, plus the seconds the application drains, plus five.
    Peers: eksup EKS007 (StatefulSets with 0 only).
    Source: Kubernetes, "Pod Lifecycle", termination:
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """
    for workload in workloads.long_running():
        grace = _grace(workload)
        slept = max((c.pre_stop_seconds for c in workload.running()), default=0)
        wanted = slept + drain + reserve
        yield workload.at_pod("terminationGracePeriodSeconds").expect(
            grace >= wanted,
            f"leaves {grace} s to stop, wants {wanted} (preStop {slept}, drain {drain}, reserve {reserve})",
            severity=Severity.HIGH if grace <= slept else None,
            grace=grace,
            pre_stop=slept,
        )


def _grace(workload: Workload) -> int:
    """30 seconds where nothing is written."""
    written = workload.pod.integer("terminationGracePeriodSeconds")
    return 30 if written is None else written
