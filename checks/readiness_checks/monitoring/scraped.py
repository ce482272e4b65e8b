from readiness import Findings, Severity, check
from readiness.facts.scraping import MONITOR_KINDS, Monitors, annotated
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def scraped(workloads: Workloads, monitors: Monitors) -> Findings:
    """The metrics of every workload behind a Service are collected.

    Why: what is not collected cannot alert; the first sign of trouble is then the customer's.
    Fix: add a ServiceMonitor whose selector matches the Service's labels and whose endpoint names one of its ports, a
        PodMonitor, or the annotation `prometheus.io/scrape: "true"` where Prometheus is set up for it.
    Peers: kube-linter dangling-servicemonitor (the reverse).
    Source: Prometheus Operator, "Getting started": https://prometheus-operator.dev/docs/developer/getting-started/
    """
    reached = monitors.reached()
    for workload in workloads.long_running():
        services = monitors.services.selecting(workload)
        if not services:
            continue
        how = reached.get(id(workload)) or annotated(workload, services)
        names = ", ".join(sorted({service.name for service in services}))
        yield workload.at().expect(
            bool(how),
            f"metrics are collected by {how}"
            if how
            else f"no monitor collects metrics behind Service {names}, wants one",
            absence=() if how else tuple(sorted(MONITOR_KINDS)),
        )
