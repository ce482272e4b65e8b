from readiness import Findings, Severity, check
from readiness.facts.disruption import DisruptionBudgets
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def disruption_budget(workloads: Workloads, budgets: DisruptionBudgets) -> Findings:
    """Every workload with two replicas or more is covered by exactly one disruption budget.

    Why: without one, a node drain may evict all replicas at once; with two, the eviction API refuses every eviction.
    Fix: add one PodDisruptionBudget in the workload's namespace whose selector matches the labels of its pods.
    Peers: kube-score deployment-has-poddisruptionbudget and statefulset-has-poddisruptionbudget, Polaris
    missingPodDisruptionBudget, Popeye POP-206 and POP-209.
    Source: Kubernetes, "Specifying a Disruption Budget":
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for workload in workloads:
        names = sorted(budget.resource.name for budget in budgets.covering(workload))
        needs_one = workload.replicated and workload.effective_replicas >= 2
        # Two are wrong for any pod.
        if not needs_one and len(names) < 2:
            continue
        said = f"is covered by {', '.join(names)}" if names else "is covered by none"
        yield workload.at().expect(
            len(names) == 1,
            f"{said}, wants exactly one PodDisruptionBudget",
            absence=() if names else ("PodDisruptionBudget",),
            budgets=names,
        )
