from readiness import Findings, Severity, check
from readiness.facts.network import Policies
from readiness.facts.security import PodSpecs

_DNS = (("UDP", 53), ("TCP", 53))


@check(Severity.HIGH)
def dns_egress(pods: PodSpecs, policies: Policies) -> Findings:
    """Every workload that may only call some others may also ask for their names.

    Why: once a policy restricts egress, DNS is closed as well; each connection then fails with a timeout in name
        resolution, which looks like the other side being down.
    Fix: permit UDP and TCP port 53 to the cluster's DNS pods in an egress rule that covers the same pods.
    Peers: none.
    Source: Kubernetes, "Network Policies", "Default deny all egress traffic":
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    for pod in pods:
        found = policies.isolating(pod.workload, "egress")
        # Rules of other kinds of policy are not read here; a pod that calls nobody, or addresses only, needs no names.
        if pod.host_network or not found or not all(policy.own for policy in found):
            continue
        rules = [rule for policy in found for rule in policy.rules("egress")]
        if not any(rule.names_pods for rule in rules):
            continue
        lacking = [f"{p} {number}" for p, number in _DNS if not any(rule.permits_port(p, number) for rule in rules)]
        said = f"does not permit {' or '.join(lacking)}" if lacking else "permits DNS"
        udp = any(word.startswith("UDP") for word in lacking)
        yield (
            found[-1]
            .at("egress")
            .expect(
                not lacking,
                f"{pod.workload.kind} {pod.workload.name}: egress {said}, wants both for DNS",
                severity=None if udp else Severity.LOW,
                absence=("NetworkPolicy",),
            )
        )
