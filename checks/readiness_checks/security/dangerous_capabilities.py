from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.CRITICAL)
def dangerous_capabilities(
    pods: security.PodSpecs,
    *,
    forbidden: Annotated[tuple[str, ...], "capabilities that amount to root on the node", Stricter.MORE] = (
        "ALL",
        "BPF",
        "DAC_READ_SEARCH",
        "NET_ADMIN",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_MODULE",
        "SYS_PTRACE",
        "SYS_RAWIO",
    ),
) -> Findings:
    """No container adds a capability that amounts to root on the node.

    Why: with SYS_ADMIN or SYS_MODULE a process mounts the node's disks or loads a kernel module: the container is no
        wall any more.
    Fix: remove the capability; do what needs it in a separate, guarded component of the platform.
    Peers: Polaris dangerousCapabilities, Kubescape C-0046, Checkov CKV_K8S_39, Trivy KSV-0005 and KSV-0120.
    Source: capabilities(7): https://man7.org/linux/man-pages/man7/capabilities.7.html
    """
    for pod in pods:
        for container in pod.containers:
            for node, name in security.capabilities(container, "add"):
                bad = name.upper().removeprefix("CAP_") in forbidden  # runtimes take both spellings
                yield node.expect(
                    not bad,
                    f"{security.named(container)} adds {name}, wants nothing that amounts to root",
                    capability=name,
                )
