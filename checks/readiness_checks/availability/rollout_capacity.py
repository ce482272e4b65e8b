from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.disruption import DisruptionBudgets
from readiness.facts.rollouts import rolling_update
from readiness.facts.services import Services
from readiness.facts.workloads import Workload, Workloads


@check(Severity.MEDIUM)
def rollout_capacity(
    workloads: Workloads,
    services: Services,
    budgets: DisruptionBudgets,
    *,
    few: Annotated[int, "up to this many replicas, a rollout takes none away", Stricter.HIGHER] = 3,
) -> Findings:
    """A rollout keeps the capacity that the service needs.

    Why: maxUnavailable pods are stopped before their successors are ready; of two replicas, one is half the service.
    Fix: set `maxUnavailable: 0` and `maxSurge: 1` for up to three replicas, and with more keep what the disruption
    budget's `minAvailable` asks for.
    Peers: kube-linter no-rolling-update-strategy (with parameters).
    Source: Kubernetes, "Deployments", rolling update:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
    """
    for workload in workloads.replicated():
        replicas = workload.effective_replicas
        update = rolling_update(workload, replicas)
        if update is None or replicas < 1 or not services.selecting(workload):
            continue
        left = replicas - update.unavailable
        wanted = replicas if replicas <= few else _needed(workload, budgets)
        yield update.node.get("maxUnavailable").expect(
            left >= wanted, f"keeps {left} of {replicas} pods while it rolls, wants {wanted}", left=left, wanted=wanted
        )


def _needed(workload: Workload, budgets: DisruptionBudgets) -> int:
    replicas = workload.effective_replicas
    kept = [b.allowed(replicas) for b in budgets.covering(workload) if b.field == "minAvailable"]
    return max([1, *(replicas - allowed for allowed in kept if allowed is not None)])
