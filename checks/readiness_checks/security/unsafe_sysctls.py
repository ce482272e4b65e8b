from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.HIGH)
def unsafe_sysctls(
    pods: security.PodSpecs,
    *,
    permitted: Annotated[tuple[str, ...], "kernel parameters allowed besides the safe ones", Stricter.FEWER] = (),
) -> Findings:
    """No pod sets a kernel parameter that reaches beyond the pod.

    Why: an unsafe parameter changes its node for every pod there, and a kubelet that does not allow it refuses the
        pod (`SysctlForbidden`), after the rollout has begun.
    Fix: remove the entry from `securityContext.sysctls`, or tune the node through its own configuration.
    Peers: kube-linter unsafe-sysctls, Trivy KSV-0026, Kubescape C-0055.
    Source: Pod Security Standards, baseline, "Sysctls":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.sysctls(pod, permitted)
