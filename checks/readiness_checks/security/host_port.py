from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def host_port(pods: security.PodSpecs) -> Findings:
    """No container takes a port of its node.

    Why: only one replica fits on each node, a rollout waits for a free node, and the port is open to whoever reaches
        the node, past every Service and network policy.
    Fix: remove `hostPort` and expose the container by a Service.
    Peers: Polaris hostPortSet, Kubescape C-0044, Checkov CKV_K8S_26, Trivy KSV-0024.
    Source: Pod Security Standards, baseline, "Host Ports":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        if not pod.host_network:  # then Kubernetes fills in every hostPort, and the network itself is the fault
            yield from security.host_ports(pod)
