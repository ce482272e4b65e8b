from readiness import Findings, Severity, check
from readiness.facts.disruption import DisruptionBudget, DisruptionBudgets


@check(Severity.HIGH)
def disruption_budget_allows_drain(budgets: DisruptionBudgets) -> Findings:
    """Every disruption budget lets at least one pod go at the fewest replicas there are.

    Why: a budget that allows no eviction stops node upgrades and cluster repairs until somebody deletes it by hand.
    Fix: set `maxUnavailable: 1`, or keep `minAvailable` below the fewest replicas (the autoscaler's minimum counts).
    Peers: kube-linter pdb-max-unavailable and pdb-min-available, Polaris pdbDisruptionsIsZero and
    pdbMinAvailableGreaterThanHPAMinReplicas.
    Source: Kubernetes, "Specifying a Disruption Budget":
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for budget in budgets:
        field = budget.resource.get("spec", budget.field)
        if not field.exists:
            continue
        written = f"{budget.field} {field.value}"
        replicas = _replicas(budget)
        if _never(budget):
            yield field.expect(False, f"{written} lets no pod go, wants room for one")
        elif replicas:
            allowed = budget.allowed(replicas)
            if allowed is not None:
                said = f"{written} lets {allowed} of {replicas} go, wants room for one"
                yield field.expect(allowed >= 1, said, replicas=replicas, allowed=allowed)


def _never(budget: DisruptionBudget) -> bool:
    """Whether no number of replicas would leave room."""
    value = budget.resource.get("spec", budget.field).scalar()
    return value in ((0, "0%") if budget.field == "maxUnavailable" else ("100%",)) and not isinstance(value, bool)


def _replicas(budget: DisruptionBudget) -> int:
    """The fewest pods it watches over; 0 where that is not known, as for pods of a DaemonSet."""
    if not all(workload.replicated for workload in budget.workloads):
        return 0
    return sum(max(0, workload.effective_replicas) for workload in budget.workloads)
