from readiness import Findings, Severity, check
from readiness.facts.storage import Claims
from readiness.facts.workloads import Workload


@check(Severity.HIGH)
def claim_sharing(claims: Claims) -> Findings:
    """No claim for one node is mounted by several pods.

    Why: a ReadWriteOnce volume is attached to one node: the second pod hangs in ContainerCreating as soon as it is
    put on
    another one, as a rule during a drain.
    Fix: use a StatefulSet with volumeClaimTemplates, a ReadWriteMany volume, or a single replica with a waiver.
    Peers: none.
    Source: Kubernetes, "Persistent Volumes", access modes:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
    """
    for claim in claims:
        users = [workload for _, workload in claims.mounting(claim) if workload.long_running]
        if not claim.exclusive or not users:
            continue
        pods = sum(_most_pods(workload) for workload in users)
        names = ", ".join(sorted({workload.subject for workload in users}))
        volume = claims.mounting(claim)[0][0]
        place = (
            volume.node.at("persistentVolumeClaim", "claimName") if len(users) == 1 else claim.at("spec", "accessModes")
        )
        yield place.expect(
            pods <= 1,
            f"{claim.title} is {'/'.join(claim.access_modes)} and serves {pods} pods of {names}, wants one pod",
        )


def _most_pods(workload: Workload) -> int:
    """A DaemonSet has one on each node."""
    return workload.most_replicas if workload.replicated else 2
