from readiness import Finding, Findings, Rendered, Severity, check
from readiness.facts.objects import Node
from readiness.facts.scraping import Monitor, Monitors, has_port


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
        targets = monitors.selected(monitor)
        if not targets:
            yield _nothing(monitor)
            continue
        names = ", ".join(sorted({target.name for target in targets}))
        for endpoint in monitor.endpoints():
            yield _port(endpoint, names, there=any(has_port(target, endpoint) for target in targets))


def _nothing(monitor: Monitor) -> Finding:
    kind = "Pod" if monitor.of_pods else "Service"
    what = f"selects no {kind} of this set ({monitor.selector or 'no selector'})"
    hidden = ("Deployment", "StatefulSet", "DaemonSet", "Pod") if monitor.of_pods else ("Service",)
    return monitor.resource.at("spec", "selector").expect(False, what, absence=hidden)


def _port(endpoint: Node, names: str, *, there: bool) -> Finding:
    port = next(
        (endpoint.scalar(key) for key in ("port", "targetPort", "portNumber") if endpoint.get(key).exists), None
    )
    said = "names no port" if port is None else f"scrapes port {port} of {names}"
    return endpoint.expect(there, said if there else f"{said}, wants a port that is declared there")
