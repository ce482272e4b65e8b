from readiness import Findings, Severity, check
from readiness.facts.disruption import DisruptionBudgets


@check(Severity.HIGH)
def disruption_budget_policy(budgets: DisruptionBudgets) -> Findings:
    """Every disruption budget says either how many pods stay or how many may go, and not both.

    Why: with both fields the API server refuses the budget; with neither it refuses every eviction, so that no node can
    be drained.
    Fix: keep one of `minAvailable` and `maxUnavailable`; `maxUnavailable: 1` fits most services.
    Peers: kube-score poddisruptionbudget-has-policy.
    Source: Kubernetes, "Specifying a Disruption Budget":
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for budget in budgets:
        spec = budget.resource.get("spec")
        written = [field for field in ("minAvailable", "maxUnavailable") if spec.get(field).exists]
        said = " and ".join(written) or "neither field"
        yield spec.expect(
            len(written) == 1, f"sets {said}, wants one of minAvailable and maxUnavailable", written=written
        )
