from readiness import Finding, Findings, Rendered, Severity, check
from readiness.facts.objects import Node
from readiness.facts.scraping import Monitor, Monitors, port_of_pod, port_of_service


@check(Severity.MEDIUM)
def monitor_target(monitors: Rendered[Monitors]) -> Findings:
    """Every monitor selects something, and each of its endpoints names a port that is there.

    Why: a monitor that selects nothing raises no error anywhere: the metrics are simply missing.
    Fix: repeat the Service's own labels in the selector, and the name of one of its ports in `endpoints[].port`.
    Peers: kube-linter dangling-servicemonitor.
    Source: Prometheus Operator, "Troubleshooting", ServiceMonitors:
        https://prometheus-operator.dev/docs/platform/troubleshooting/
    """
    for monitor in monitors.items:
        yield from _of_pods(monitors, monitor) if monitor.of_pods else _of_services(monitors, monitor)


def _of_services(monitors: Monitors, monitor: Monitor) -> Findings:
    services = monitors.selected_services(monitor)
    if not services:
        yield _nothing(monitor, "Service")
        return
    names = ", ".join(sorted({service.name for service in services}))
    for endpoint in monitor.endpoints():
        there = any(port_of_service(service, endpoint) for service in services)
        yield _port(endpoint, names, there=there)


def _of_pods(monitors: Monitors, monitor: Monitor) -> Findings:
    workloads = monitors.selected_workloads(monitor)
    if not workloads:
        yield _nothing(monitor, "Pod")
        return
    names = ", ".join(sorted({workload.name for workload in workloads}))
    for endpoint in monitor.endpoints():
        there = any(port_of_pod(workload, endpoint) for workload in workloads)
        yield _port(endpoint, names, there=there)


def _nothing(monitor: Monitor, kind: str) -> Finding:
    what = f"selects no {kind} of this set ({monitor.selector or 'no selector'})"
    hidden = ("Service",) if kind == "Service" else ("Deployment", "StatefulSet", "DaemonSet", "Pod")
    return monitor.resource.at("spec", "selector").expect(False, what, absence=hidden)


def _port(endpoint: Node, names: str, *, there: bool) -> Finding:
    port = next(
        (endpoint.scalar(key) for key in ("port", "targetPort", "portNumber") if endpoint.get(key).exists), None
    )
    said = "names no port" if port is None else f"scrapes port {port} of {names}"
    return endpoint.expect(there, said if there else f"{said}, wants a port that is declared there")
