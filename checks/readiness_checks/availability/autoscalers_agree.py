from readiness import Findings, Severity, check
from readiness.facts.autoscaling import Autoscalers, VerticalAutoscalers


@check(Severity.HIGH)
def autoscalers_agree(autoscalers: Autoscalers, verticals: VerticalAutoscalers) -> Findings:
    """No workload is scaled in number and in size by the same resource.

    Why: one raises the requests, which lowers the utilization that the other one measures, which lowers the replicas,
    which raises the load of each: both chase each other.
    Fix: set the VerticalPodAutoscaler's `updateMode: Off` or its `controlledResources` to what the other does not
    measure.
    Peers: none.
    Source: Kubernetes autoscaler, "Vertical Pod Autoscaler", known limitations:
    https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/known-limitations.md
    """
    for vertical in verticals:
        horizontal = autoscalers.targeting(*vertical.target)
        if not horizontal or not vertical.acts:
            continue
        measured = {metric.resource for scaler in horizontal for metric in scaler.metrics()}
        both = sorted(resource for resource in measured if vertical.controls(resource))
        _, kind, name = vertical.target
        said = f"sets {' and '.join(both)}" if both else "sets nothing"
        other = horizontal[0].resource.subject
        yield vertical.resource.at("spec", "targetRef").expect(
            not both, f"{said} of {kind} {name} by which {other} scales it, wants one of them to leave it alone"
        )
