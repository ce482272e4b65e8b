from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.MEDIUM)
def drop_capabilities(pods: security.PodSpecs) -> Findings:
    """Every container gives up all Linux capabilities.

    Why: a container starts with fourteen capabilities, such as raw sockets and changing owners; a web service needs
        none of them, an intruder uses several.
    Fix: set `securityContext.capabilities.drop: [ALL]` on each container and add back what it really needs.
    Peers: Polaris insecureCapabilities, kube-linter drop-net-raw-capability, Kubescape C-0046, Checkov CKV_K8S_37,
        Trivy KSV-0003 and KSV-0106.
    Source: Pod Security Standards, restricted, "Capabilities":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.dropped_capabilities(pod)
