from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.scheduling import tolerated_seconds
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


@check(Severity.LOW)
def unreachable_tolerations(
    workloads: Workloads,
    service: ServiceSettings,
    *,
    up_to_tier: Annotated[
        int, "the least important tier that has to leave a lost node quickly; 0 for none", Stricter.HIGHER
    ] = 1,
    longest: Annotated[int, "seconds to stay on a node that is lost", Stricter.LOWER] = 60,
) -> Findings:
    """Pods of an important service leave a lost node within a minute.

    Why: Kubernetes waits five minutes before it replaces the pods of a node that no longer answers; for that time the
    service runs with fewer.
    Fix: tolerate `node.kubernetes.io/not-ready` and `node.kubernetes.io/unreachable` with `effect: NoExecute` and
    `tolerationSeconds: 60` or less.
    Peers: none.
    Source: Kubernetes, "Taints and Tolerations", taint based evictions:
    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
    """
    if service.tier > up_to_tier:
        return
    for workload in workloads.replicated():
        for taint in _TAINTS:
            node, seconds = tolerated_seconds(workload, taint)
            place = node.at("tolerationSeconds") if node else workload.at_pod("tolerations")
            said = f"{seconds:.0f} s" if seconds < float("inf") else "for ever"
            yield place.expect(
                seconds <= longest,
                f"stays {said} on a node that is {taint.partition('/')[2]}, wants at most {longest} s",
            )
