from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def startup_probe(
    workloads: Workloads,
    *,
    longest_delay: Annotated[
        int, "seconds of initialDelaySeconds up to which no startup probe is needed", Stricter.LOWER
    ] = 30,
) -> Findings:
    """A container that starts slowly has a startup probe instead of a long wait before liveness.

    Why: a fixed delay is too short on a bad day, and then the start ends in a restart loop; on a good day it leaves a
    hung process unseen.
    Fix: move the waiting into a `startupProbe` with enough `failureThreshold`, and drop `initialDelaySeconds`.
    Peers: none.
    Source: Kubernetes, "Liveness, Readiness, and Startup Probes", startup probe:
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#startup-probe
    """
    for workload in workloads:
        for container in workload.running():
            liveness, startup = container.probe("liveness"), container.probe("startup")
            if liveness is None:
                continue
            delay = liveness.initial_delay
            said = "has a startup probe" if startup else f"waits {delay} s before liveness and has no startup probe"
            yield liveness.node.at("initialDelaySeconds").expect(
                startup is not None or delay <= longest_delay,
                f"{container.title} {said}, wants a startup probe above {longest_delay} s",
                delay=delay,
            )
