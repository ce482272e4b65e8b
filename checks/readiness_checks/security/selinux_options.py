from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.MEDIUM)
def selinux_options(pods: security.PodSpecs) -> Findings:
    """No pod leaves the SELinux types made for containers.

    Why: another type, user or role, such as `spc_t`, takes the process out of the confinement that separates
        containers.
    Fix: remove `user` and `role`, and use the type container_t, container_init_t, container_kvm_t or
        container_engine_t.
    Peers: Trivy KSV-0025, Kubescape C-0055.
    Source: Pod Security Standards, baseline, "SELinux":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.selinux(pod)
