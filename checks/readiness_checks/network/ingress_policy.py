from readiness import Findings, Severity, check
from readiness.facts.network import POLICY_KINDS, Policies
from readiness.facts.security import PodSpecs


@check(Severity.HIGH)
def ingress_policy(pods: PodSpecs, policies: Policies) -> Findings:
    """Every workload is covered by a network policy for what comes in.

    Why: without one, every pod of the cluster reaches every port of the service, its metrics and its database
        included.
    Fix: add a NetworkPolicy whose podSelector matches the pods, with `Ingress` in policyTypes and a rule for each
        caller.
    Peers: kube-score pod-networkpolicy, kube-linter non-isolated-pod, Polaris missingNetworkPolicy, Kubescape C-0260,
        Checkov CKV2_K8S_6, Popeye POP-1204.
    Source: Kubernetes, "Network Policies": https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    for pod in pods:
        if pod.host_network:  # no policy reaches it: that is the fault to mend
            continue
        found = policies.isolating(pod.workload, "ingress")
        names = ", ".join(dict.fromkeys(p.resource.name for p in found))
        yield pod.workload.at().expect(
            bool(found),
            f"is covered by {names or 'none'}, wants a network policy for ingress",
            severity=None if pod.workload.long_running else Severity.MEDIUM,
            absence=POLICY_KINDS,
        )
