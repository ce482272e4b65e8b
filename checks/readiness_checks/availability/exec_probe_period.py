from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def exec_probe_period(
    workloads: Workloads,
    *,
    shortest: Annotated[int, "seconds between two runs of a probe's command", Stricter.HIGHER] = 10,
) -> Findings:
    """A probe that runs a command does so no more often than every ten seconds.

    Why: each run starts a process in the container; on a node with many pods, probes then eat the CPU they watch over,
    and time out.
    Fix: ask over HTTP, gRPC or TCP, or raise `periodSeconds`.
    Peers: none.
    Source: Kubernetes, "Liveness, Readiness, and Startup Probes", exec probes:
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    for workload in workloads:
        for container in workload.running():
            # A startup probe ends once the container is up: a short period costs little there.
            for which in ("readiness", "liveness"):
                probe = container.probe(which)
                if probe is not None and probe.handler == "exec":
                    yield probe.node.at("periodSeconds").expect(
                        probe.period >= shortest,
                        f"{container.title}: the {which} probe runs every {probe.period} s, wants {shortest} s",
                    )
