from readiness import Findings, Rendered, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def claim_retention(workloads: Rendered[Workloads]) -> Findings:
    """Every StatefulSet says what becomes of its claims.

    Why: whether the disks of a deleted set, or of members that were scaled away, stay or go is a decision about data
    and about money, and nobody looks up the default in the moment when it counts.
    Fix: set `persistentVolumeClaimRetentionPolicy` with `whenDeleted` and `whenScaled`; `Retain` keeps the data.
    Peers: none.
    Source: Kubernetes, "StatefulSets", claim retention:
    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """
    for workload in workloads.replicated():
        if workload.kind == "StatefulSet" and workload.resource.node.sequence("spec", "volumeClaimTemplates"):
            policy = workload.resource.get("spec", "persistentVolumeClaimRetentionPolicy")
            written = [field for field in ("whenDeleted", "whenScaled") if policy.text(field)]
            said = " and ".join(written) or "nothing"
            yield policy.expect(len(written) == 2, f"says {said}, wants whenDeleted and whenScaled")
