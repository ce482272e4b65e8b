from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.MEDIUM)
def proc_mount(pods: security.PodSpecs) -> Findings:
    """Every container keeps the masks over /proc.

    Why: an unmasked /proc shows a container keys, timers and switches of the node's kernel.
    Fix: remove `securityContext.procMount`, or set it to Default.
    Peers: kube-linter unsafe-proc-mount, Polaris procMount, Trivy KSV-0027.
    Source: Pod Security Standards, baseline, "/proc Mount Type":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.proc_mounts(pod)
