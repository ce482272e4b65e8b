from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.HIGH)
def added_capabilities(
    pods: security.PodSpecs,
    *,
    permitted: Annotated[tuple[str, ...], "capabilities that a container may add", Stricter.FEWER] = (
        "NET_BIND_SERVICE",
    ),
) -> Findings:
    """No container adds a Linux capability beyond those permitted.

    Why: each capability is a piece of root; most of them lead to the rest.
    Fix: remove the entry from `securityContext.capabilities.add`; to listen on a low port, use a high one and map it
        in the Service.
    Peers: Polaris dangerousCapabilities, Kubescape C-0046, Checkov CKV_K8S_25, Trivy KSV-0022.
    Source: Pod Security Standards, restricted, "Capabilities":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.added_capabilities(pod, permitted)
