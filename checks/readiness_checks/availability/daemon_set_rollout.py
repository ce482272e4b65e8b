from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.objects import Node
from readiness.facts.quantities import scaled
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def daemon_set_rollout(
    workloads: Workloads,
    *,
    percent: Annotated[int, "the share of nodes that may be without the pod at a time", Stricter.LOWER] = 10,
) -> Findings:
    """Every DaemonSet is rolled out by itself, on few nodes at a time.

    Why: with OnDelete a release reaches no node until pods are deleted by hand; with a large maxUnavailable a bad
    release takes logging, storage or the network from many nodes at once.
    Fix: set `updateStrategy.type: RollingUpdate` with `maxUnavailable: 1` or up to ten percent.
    Peers: none.
    Source: Kubernetes, "Perform a Rolling Update on a DaemonSet":
    https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
    """
    for workload in workloads.long_running():
        if workload.kind == "DaemonSet":
            strategy = workload.resource.get("spec", "updateStrategy")
            kind = strategy.text("type") or "RollingUpdate"
            if kind != "RollingUpdate":
                yield strategy.get("type").expect(False, f"is updated by {kind}, wants RollingUpdate")
                continue
            field = strategy.get("rollingUpdate", "maxUnavailable")
            written = 1 if field.value is None else field.value
            yield field.expect(
                _few(field, percent), f"takes {written} away at a time, wants 1 or up to {percent}% of the nodes"
            )


def _few(field: Node, percent: int) -> bool:
    if field.value is None:
        return True
    # Against a hundred nodes, a percentage is its own number.
    most = scaled(field.value, 100, round_up=True)
    if most is None:
        return False
    return most <= (1 if isinstance(field.value, int) else percent)
