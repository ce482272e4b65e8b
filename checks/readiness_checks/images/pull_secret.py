from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.rbac import Accounts
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def pull_secret(
    workloads: Workloads,
    accounts: Accounts,
    *,
    private: Annotated[
        tuple[str, ...], "registries that ask for a login which nodes do not have by themselves", Stricter.MORE
    ] = (),
) -> Findings:
    """Every pod that pulls from a private registry brings the secret to log in there.

    Why: it works for as long as the image lies on the node, and ends in ImagePullBackOff on the next new node.
    Fix: name the Secret in the pod's `imagePullSecrets`, or in those of its ServiceAccount.
    Peers: Popeye POP-305 (existence only).
    Source: Kubernetes, "Pull an Image from a Private Registry":
        https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
    """
    if not private:
        return
    for workload in workloads:
        needed = {c.reference.registry for c in workload.containers() if c.reference} & set(private)
        if not needed:
            continue
        own = bool(workload.pod.sequence("imagePullSecrets"))
        shared = accounts.of(workload)
        granted = own or (shared is not None and bool(shared.node.sequence("imagePullSecrets")))
        yield workload.at_pod("imagePullSecrets").expect(
            granted,
            f"pulls from {', '.join(sorted(needed))} "
            + ("with a secret" if granted else "without imagePullSecrets, wants one on the pod or its ServiceAccount"),
            absence=() if granted else ("ServiceAccount",),
        )
