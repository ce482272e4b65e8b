from readiness import Findings, Severity, check
from readiness.facts.services import Services
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def rollout_strategy(workloads: Workloads, services: Services) -> Findings:
    """Every Deployment behind a Service replaces its pods step by step.

    Why: `Recreate` stops all old pods before it starts the first new one: each release is an outage.
    Fix: leave `spec.strategy` out or set `type: RollingUpdate`; where two versions may not run at once, say so in a
    waiver.
    Peers: kube-score deployment-strategy, kube-linter no-rolling-update-strategy, Kubescape C-0305.
    Source: Kubernetes, "Deployments", strategy:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
    """
    for workload in workloads.replicated():
        if workload.kind == "Deployment" and services.selecting(workload):
            strategy = workload.resource.get("spec", "strategy", "type")
            kind = strategy.text() or "RollingUpdate"
            yield strategy.expect(kind == "RollingUpdate", f"replaces pods by {kind}, wants RollingUpdate")
