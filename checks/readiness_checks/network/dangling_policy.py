from readiness import Findings, Severity, check
from readiness.facts.network import Policies, RunningPods, foreign_label
from readiness.facts.security import PodSpecs
from readiness.facts.workloads import OperatedPods, Workloads

_MAKERS = tuple(sorted(Workloads.kinds))


@check(Severity.MEDIUM)
def dangling_policy(policies: Policies, pods: PodSpecs, running: RunningPods, operated: OperatedPods) -> Findings:
    """Every network policy selects pods that are there.

    Why: a policy whose selector matches nothing protects nothing; the pods that it was meant for stand open.
    Fix: correct `podSelector` so that it matches the labels of the pod template, or delete the policy.
    Peers: kube-linter dangling-networkpolicy, kube-score networkpolicy-targets-pod, Popeye POP-1200 to POP-1208,
        Kubescape C-0299.
    Source: Kubernetes, "Network Policies": https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    keys: dict[str, set[str]] = {}
    for pod in pods:
        keys.setdefault(pod.workload.namespace, set()).update(pod.workload.labels)
    for policy in policies:
        selector = policy.selector
        # Nothing can be said of a namespace where nothing runs, nor of a label that only an operator's pods carry.
        if selector is None or selector.empty or policy.namespace not in keys:
            continue
        wanted = {key for key, _ in selector.labels} | {line.key for line in selector.requirements}
        if any(foreign_label(key) for key in wanted - keys[policy.namespace]):
            continue
        there = bool(policy.workloads) or running.any(policy.namespace, selector)
        if not there and operated.possible(policy.namespace):
            continue
        names = ", ".join(w.name for w in policy.workloads)
        yield policy.at("podSelector").expect(
            there,
            f"selects {names or ('pods' if there else 'no pods')} by {selector}, wants pods of this service",
            absence=_MAKERS,
        )
