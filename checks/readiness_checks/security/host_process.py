from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.CRITICAL)
def host_process(pods: security.PodSpecs) -> Findings:
    """No Windows container runs as a process of its node.

    Why: a HostProcess container has the rights of its user on the Windows node itself, without any isolation.
    Fix: remove `windowsOptions.hostProcess`; node agents that need it belong into a namespace of their own.
    Peers: Polaris hostProcess, Trivy KSV-0103.
    Source: Pod Security Standards, baseline, "HostProcess":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.host_process(pod)
