from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def probe_timeout(workloads: Workloads) -> Findings:
    """Every probe gives up before it is asked again.

    Why: a timeout longer than the period stretches the time until a broken pod is noticed far beyond what
    `periodSeconds` and `failureThreshold` promise.
    Fix: keep `timeoutSeconds` at 1 or more and no longer than `periodSeconds`.
    Peers: none.
    Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes", fields:














    https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
    """
    for workload in workloads:
        for container in workload.running():
            for which in ("readiness", "liveness", "startup"):
                probe = container.probe(which)
                if probe is not None:
                    yield probe.node.at("timeoutSeconds").expect(
                        1 <= probe.timeout <= probe.period,
                        f"{container.title}: the {which} probe waits {probe.timeout} s for an answer, "
                        f"wants 1 to {probe.period} s (its period)",
                    )
