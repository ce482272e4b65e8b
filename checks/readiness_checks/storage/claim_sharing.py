from readiness import Findings, Severity, check
from readiness.facts.storage import Claims


@check(Severity.HIGH)
def claim_sharing(claims: Claims) -> Findings:
    """No claim for one node is mounted by several pods.

    Why: a ReadWriteOnce volume is attached to one node: the second pod hangs in ContainerCreating as soon as it is put
    on another one, as a rule during a drain.
    Fix: use a StatefulSet with volumeClaimTemplates, a ReadWriteMany volume, or a single replica with a waiver.
    Peers: none.
    Source: Kubernetes, "Persistent Volumes", access modes:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
    """
    for claim in claims:
        users = [(volume, workload) for volume, workload in claims.mounting(claim) if workload.long_running]
        if not claim.exclusive or not users:
            continue
        workloads = [workload for _, workload in users]
        # A DaemonSet has a pod on each node.
        several = sum(w.most_replicas if w.replicated else 2 for w in workloads) > 1
        counted = all(w.replicated for w in workloads)
        number = str(sum(w.most_replicas for w in workloads)) if counted else "several"
        names = ", ".join(sorted({w.subject for w in workloads}))
        at_volume = users[0][0].node.at("persistentVolumeClaim", "claimName")
        yield (at_volume if len(users) == 1 else claim.at("spec", "accessModes")).expect(
            not several,
            f"{claim.title} is {'/'.join(claim.access_modes)} and serves {number} pods of {names}, wants one pod",
        )
