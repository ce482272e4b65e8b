from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def liveness_patience(
    workloads: Workloads,
    *,
    failures: Annotated[int, "failed answers in a row before a restart", Stricter.HIGHER] = 2,
    seconds: Annotated[int, "seconds of failing before a restart", Stricter.HIGHER] = 30,
) -> Findings:
    """A liveness probe restarts a container only after it has failed for a while.

    Why: one slow answer, a garbage collection or a busy node is no reason to kill a process and all its open requests.
    Fix: raise `failureThreshold` or `periodSeconds` until their product is half a minute or more.
    Peers: none.
    Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes", fields:














    https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
    """
    for workload in workloads:
        for container in workload.running():
            probe = container.probe("liveness")
            if probe is not None:
                yield probe.node.at("failureThreshold").expect(
                    probe.failure_threshold >= failures and probe.budget >= seconds,
                    f"{container.title} is killed after {probe.failure_threshold} failures in {probe.budget} s, "
                    f"wants at least {failures} in {seconds} s",
                )
