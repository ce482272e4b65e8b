from readiness import Findings, Severity, check
from readiness.facts.network import POLICY_KINDS, Policies
from readiness.facts.security import PodSpecs


@check(Severity.MEDIUM)
def egress_policy(pods: PodSpecs, policies: Policies) -> Findings:
    """Every workload is covered by a network policy for what goes out.

    Why: a pod that may open any connection sends what it holds anywhere, and reaches the cloud's metadata service and
        every other team's pods.
    Fix: add `Egress` to the policyTypes of a NetworkPolicy that selects the pods, with a rule for DNS and one for
        each dependency; no rule at all means that nothing goes out.
    Peers: kube-score pod-networkpolicy, Polaris missingNetworkPolicy, Kubescape C-0260.
    Source: Kubernetes, "Network Policies": https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    for pod in pods:
        if pod.host_network:
            continue
        found = policies.isolating(pod.workload, "egress")
        names = ", ".join(dict.fromkeys(p.resource.name for p in found))
        yield pod.workload.at().expect(
            bool(found), f"is covered by {names or 'none'}, wants a network policy for egress", absence=POLICY_KINDS
        )
