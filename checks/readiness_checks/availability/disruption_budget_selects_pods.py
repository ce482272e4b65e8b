from readiness import Findings, Severity, check
from readiness.facts.disruption import DisruptionBudgets
from readiness.facts.workloads import OperatedPods, Workloads


@check(Severity.MEDIUM)
def disruption_budget_selects_pods(budgets: DisruptionBudgets, operated: OperatedPods) -> Findings:
    """Every disruption budget selects pods that exist.

    Why: a budget whose selector matches nothing protects nothing, and whoever sees it believes the opposite.
    Fix: copy the labels of the workload's pod template into the budget's selector, or delete the budget.
    Peers: Popeye POP-900.
    Source: Kubernetes, "Specifying a Disruption Budget":
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for budget in budgets:
        namespace = budget.resource.namespace
        if not budget.workloads and operated.possible(namespace):
            continue
        names = [workload.subject for workload in budget.workloads]
        selects = ", ".join(names) or "no pod"
        asks = f"{budget.selector} " if budget.selector else ""
        yield budget.at("spec", "selector").expect(
            bool(names),
            f"{asks}selects {selects}, wants a workload in {namespace}",
            absence=tuple(sorted(Workloads.kinds)),
        )
