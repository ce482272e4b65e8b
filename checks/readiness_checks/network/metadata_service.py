from ipaddress import IPv4Address
from typing import Annotated

from readiness import Findings, Severity, check
from readiness.facts.network import Policies
from readiness.facts.security import PodSpecs


@check(Severity.MEDIUM)
def metadata_service(
    pods: PodSpecs,
    policies: Policies,
    *,
    address: Annotated[str, "address of the cloud's metadata service"] = "169.254.169.254",
) -> Findings:
    """What a workload may call does not include the cloud's metadata service.

    Why: that address hands the node's cloud credentials to whoever asks; a request forged through the service is
        enough to get them.
    Fix: name the peers of each egress rule, or put 169.254.169.254/32 into the `except` of its ipBlock.
    Peers: Kubescape C-0052.
    Source: Amazon EKS Best Practices, "Restrict access to the instance profile assigned to the worker node":
        https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    target = IPv4Address(address)
    for pod in pods:
        found = policies.isolating(pod.workload, "egress")
        if pod.host_network or not found or not all(policy.own for policy in found):
            continue
        who = f"{pod.workload.kind} {pod.workload.name}"
        for policy in found:
            for rule in policy.rules("egress"):
                if rule.permits_address(target):
                    open_to = rule.permits_port("TCP", 80)
                    said = f"may call {target}" if open_to else f"may not call {target} on port 80"
                    yield rule.node.expect(not open_to, f"{who} {said}, wants it kept out")
        rules = [rule for policy in found for rule in policy.rules("egress")]
        if not any(rule.permits_address(target) for rule in rules):
            yield found[0].at().expect(True, f"{who} may not call {target}")
