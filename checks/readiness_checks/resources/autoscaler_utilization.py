from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.autoscaling import Autoscalers


@check(Severity.LOW)
def autoscaler_utilization(
    autoscalers: Autoscalers,
    *,
    least: Annotated[int, "percent of the request below which room is wasted", Stricter.HIGHER] = 50,
    most: Annotated[int, "percent of the request above which scaling comes too late", Stricter.LOWER] = 80,
) -> Findings:
    """Every autoscaler aims at a CPU utilization that leaves room and wastes none.

    Why: new pods take a minute to help; at ninety percent there is no minute, at thirty the service pays for idle pods.
    Fix: set the target utilization between 50 and 80 percent.
    Peers: none.
    Source: Mercari, "Production Readiness Checklist": https://github.com/mercari/production-readiness-checklist
    """
    for scaler in autoscalers:
        for metric in scaler.metrics():
            if metric.resource == "cpu" and metric.percent is not None:
                yield metric.node.expect(
                    least <= metric.percent <= most,
                    f"aims at {metric.percent}% of the cpu request, wants {least} to {most}%",
                )
