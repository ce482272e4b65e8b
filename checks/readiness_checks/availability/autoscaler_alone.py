from readiness import Findings, Severity, check
from readiness.facts.autoscaling import Autoscalers


@check(Severity.HIGH)
def autoscaler_alone(autoscalers: Autoscalers) -> Findings:
    """No workload is scaled by two autoscalers.

    Why: each takes the other's replicas for a mistake and sets its own number, so that the workload swings between
    both.
    Fix: keep one autoscaler per workload and put all metrics into it.
    Peers: none.
    Source: Kubernetes, "Horizontal Pod Autoscaling":
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
    """
    seen: set[tuple[str, str, str]] = set()
    for scaler in autoscalers:
        target = (scaler.namespace, scaler.target_kind, scaler.target_name)
        if target in seen or not scaler.target_name:
            continue
        seen.add(target)
        names = sorted(s.resource.subject for s in autoscalers.targeting(*target))
        yield scaler.target.expect(
            len(names) == 1, f"{target[1]} {target[2]} is scaled by {', '.join(names)}, wants one autoscaler"
        )
