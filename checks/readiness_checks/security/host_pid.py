from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.CRITICAL)
def host_pid(pods: security.PodSpecs) -> Findings:
    """No pod shares the process table of its node.

    Why: with hostPID a container sees every process of the node, reads their environment, secrets included, and can
        signal them.
    Fix: remove `hostPID` from the pod.
    Peers: kube-linter host-pid, Polaris hostPIDSet, Kubescape C-0038, Checkov CKV_K8S_17, Trivy KSV-0010.
    Source: Pod Security Standards, baseline, "Host Namespaces":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.host_namespace(pod, "hostPID")
