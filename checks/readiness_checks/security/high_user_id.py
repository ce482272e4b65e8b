from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.LOW)
def high_user_id(
    pods: security.PodSpecs,
    *,
    minimum: Annotated[int, "lowest user and group id that no node uses for itself", Stricter.HIGHER] = 10_000,
) -> Findings:
    """Containers run under user and group ids that no node uses for itself.

    Why: user 1000 of a container is user 1000 of the node; after an escape, or on a shared volume, a low id owns what
        belongs to somebody else.
    Fix: set `runAsUser` and `runAsGroup` to 10000 or more, and give the image's files to the same ids.
    Peers: kube-score container-security-context-user-group-id, Checkov CKV_K8S_40, Trivy KSV-0020 and KSV-0021.
    Source: Kubernetes, "Configure a Security Context":
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for pod in pods:
        if pod.windows:
            continue
        for container in pod.containers:
            for field in ("runAsUser", "runAsGroup"):
                held = container.security(field)
                node = held if held.exists else container.node.get("securityContext", field)
                number = node.integer()
                said = f"{security.named(container)} has {field} {security.spelled(number)}"
                yield node.expect(number is not None and number >= minimum, f"{said}, wants {minimum} or more")
