from readiness import Findings, Severity, check
from readiness.facts.disruption import DisruptionBudgets


@check(Severity.LOW)
def disruption_budget_unhealthy_pods(budgets: DisruptionBudgets) -> Findings:
    """Every disruption budget lets pods go that are not ready anyway.

    Why: by default a pod that crashes or never becomes ready may not be evicted, and one broken release blocks the
    drain of its node.
    Fix: set `unhealthyPodEvictionPolicy: AlwaysAllow`.
    Peers: kube-linter pdb-unhealthy-pod-eviction-policy.
    Source: Kubernetes, "Specifying a Disruption Budget", unhealthy pod eviction policy:
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
    """
    for budget in budgets:
        node = budget.resource.get("spec", "unhealthyPodEvictionPolicy")
        policy = node.text() or "IfHealthyBudget"
        yield node.expect(policy == "AlwaysAllow", f"evicts unhealthy pods by {policy}, wants AlwaysAllow")
