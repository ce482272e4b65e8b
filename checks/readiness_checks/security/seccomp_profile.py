from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.MEDIUM)
def seccomp_profile(pods: security.PodSpecs) -> Findings:
    """Every container runs under a seccomp profile.

    Why: unless asked otherwise, Kubernetes filters no system calls; the runtime's default profile closes some forty
        of them that services never use and kernel exploits do.
    Fix: set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.
    Peers: kube-score container-seccomp-profile, Polaris linuxHardening, Kubescape C-0210, Checkov CKV_K8S_31, Trivy
        KSV-0030 and KSV-0104.
    Source: Pod Security Standards, restricted, "Seccomp":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.seccomp(pod)
