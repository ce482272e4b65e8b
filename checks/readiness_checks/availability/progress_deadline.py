from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workload, Workloads


@check(Severity.LOW)
def progress_deadline(
    workloads: Workloads,
    *,
    longest: Annotated[
        int, "seconds after which a rollout that stands still has to be called failed", Stricter.LOWER
    ] = 1800,
) -> Findings:
    """A rollout is called failed neither before its pods can have started nor long after.

    Why: a deadline shorter than the start marks a good release as failed; one of hours lets a pipeline wait for a
    release that will never come up.
    Fix: set `progressDeadlineSeconds` above the startup probe's patience plus `minReadySeconds`, and to half an hour at
    most.
    Peers: none.
    Source: Kubernetes, "Deployments", progress deadline:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
    """
    for workload in workloads.replicated():
        if workload.kind not in {"Deployment", "Rollout"}:
            continue
        written = workload.resource.node.integer("spec", "progressDeadlineSeconds")
        deadline = 600 if written is None else written
        start = _start(workload)
        yield workload.at("spec", "progressDeadlineSeconds").expect(
            start < deadline <= longest,
            f"gives up after {deadline} s, wants more than {start} (start) and at most {longest}",
        )


def _start(workload: Workload) -> int:
    """The seconds that a pod may take until it counts as available, by its own startup probes."""
    probes = [container.probe("startup") for container in workload.running()]
    slowest = max((p.initial_delay + p.budget for p in probes if p is not None), default=0)
    return slowest + (workload.resource.node.integer("spec", "minReadySeconds") or 0)
