from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.CRITICAL)
def host_network(pods: security.PodSpecs) -> Findings:
    """No pod uses the network of its node.

    Why: a pod with hostNetwork reaches what listens on the node's loopback, is under no network policy, and takes
        ports from other pods, so that two replicas cannot share a node.
    Fix: remove `hostNetwork` and reach the pod through a Service.
    Peers: kube-linter host-network, Polaris hostNetworkSet, Kubescape C-0041, Checkov CKV_K8S_19, Trivy KSV-0009.
    Source: Pod Security Standards, baseline, "Host Namespaces":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.host_namespace(pod, "hostNetwork")
