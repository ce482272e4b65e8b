from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def probes_differ(
    workloads: Workloads,
    *,
    patience: Annotated[
        float, "how many times longer than readiness an identical liveness probe has to wait", Stricter.HIGHER
    ] = 2.0,
) -> Findings:
    """A liveness probe is not the readiness probe over again.

    Why: when both ask the same with the same patience, a pod that is merely overloaded is killed at the moment it
    should only be left in peace, and its load brings down the next one.
    Fix: let liveness ask the process alone, or give the same question a `failureThreshold` that waits at least twice as
    long as readiness does.
    Peers: kube-score pod-probes-identical.
    Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes":
    https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
    """
    for workload in workloads:
        for container in workload.running():
            readiness, liveness = container.probe("readiness"), container.probe("liveness")
            if readiness is None or liveness is None:
                continue
            same = readiness.same_handler(liveness)
            ratio = f"waits {liveness.budget} s where readiness waits {readiness.budget} s"
            said = f"asks the same as readiness and {ratio}" if same else "asks something of its own"
            yield liveness.node.expect(
                not same or liveness.budget >= patience * readiness.budget,
                f"{container.title}: liveness {said}, wants another question or {patience:g} times the wait",
                liveness_seconds=liveness.budget,
                readiness_seconds=readiness.budget,
            )
