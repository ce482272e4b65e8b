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
            ids = {field: container.security(field).integer() for field in ("runAsUser", "runAsGroup")}
            low = [field for field, number in ids.items() if number is None or number < minimum]
            said = " and ".join(f"{field} {security.spelled(ids[field])}" for field in low or ids)
            held = container.security((low or ["runAsUser"])[0])
            place = held.at() if held.exists else container.at("securityContext", low[0] if low else "runAsUser")
            yield place.expect(not low, f"{security.named(container)} has {said}, wants {minimum} or more")
