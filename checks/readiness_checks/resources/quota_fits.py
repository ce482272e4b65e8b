from readiness import Findings, Severity, check
from readiness.facts.limits import Quotas, demand
from readiness.facts.quantities import written


@check(Severity.HIGH)
def quota_fits(quotas: Quotas) -> Findings:
    """What the workloads of a namespace may ask for at their highest scale fits its quota.

    Why: pods above the quota are refused: the autoscaler stands still in mid-peak, or a rollout finds no room for its
    first new pod. Counted are all workloads that were read, at their most replicas and with the pods that a rollout
    adds; what else lives in the namespace comes on top.
    Fix: raise `spec.hard`, or lower the autoscaler's maximum or the requests.
    Peers: none.
    Source: Kubernetes, "Resource Quotas": https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    for quota in quotas:
        counted = quotas.workloads(quota)
        if not counted:
            continue
        for name, node, hard in quota.hard():
            wanted = demand(counted, name)
            if wanted is not None:
                said = f"allows {written(hard, name)} of {name}, wants {written(wanted, name)} at the highest scale"
                yield node.expect(wanted <= hard, said, demand=f"{wanted:f}")
