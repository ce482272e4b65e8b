from readiness import Findings, Severity, check
from readiness.facts.pods import Container
from readiness.facts.workloads import Workload, Workloads


@check(Severity.MEDIUM)
def probe_port(workloads: Workloads) -> Findings:
    """Every probe asks a port that is declared.

    Why: a name that the container does not declare makes the probe fail for ever, and the pod is restarted or never
    ready; a number that nobody declares is as a rule a port that has moved.
    Fix: declare the port in the container's `ports`, or correct the probe.
    Peers: kube-linter liveness-port, readiness-port and startup-port.
    Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes", named ports:














    https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port
    """
    for workload in workloads:
        for container in workload.running():
            yield from _of(workload, container)


def _of(workload: Workload, container: Container) -> Findings:
    for which in ("readiness", "liveness", "startup"):
        probe = container.probe(which)
        if probe is None or probe.port is None or probe.node.text(probe.handler, "host"):
            continue
        named = isinstance(probe.port, str) and not (probe.port.isdecimal() and len(probe.port) <= 5)
        declared = _names(container) if named else _numbers(workload)
        wanted = "a port name that it declares" if named else "a port that the pod declares"
        yield probe.node.at(probe.handler, "port").expect(
            probe.port in declared or (not named and int(probe.port) in declared),
            f"{container.title}: the {which} probe asks port {probe.port}, wants {wanted}",
            severity=Severity.HIGH if named else None,
            declared=sorted(map(str, declared)),
        )


def _names(container: Container) -> frozenset[str | int]:
    return frozenset(port.name for port in container.ports if port.name)


def _numbers(workload: Workload) -> frozenset[str | int]:
    """Containers of a pod share their network: any of them may declare the number."""
    return frozenset(port.number for c in workload.running() for port in c.ports if port.number is not None)
