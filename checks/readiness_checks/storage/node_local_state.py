from readiness import Findings, Severity, check
from readiness.facts.storage import volumes
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def node_local_state(workloads: Workloads) -> Findings:
    """No replicated workload keeps data on the node it happens to run on.

    Why: what is written to a hostPath stays behind when the pod moves, and its successor starts with other data or
    none.
    Fix: keep data behind a PersistentVolumeClaim or in a service of its own; mount the node's files read-only.
    Peers: Kubescape C-0045 (writable hostPath).
    Source: Kubernetes, "Volumes", hostPath: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    for workload in workloads.replicated():
        for volume in volumes(workload):
            if volume.source == "hostPath":
                writers = sorted(m.container.name for m in volume.mounts() if m.writable)
                path = volume.node.text("hostPath", "path") or "?"
                said = f"is written by {', '.join(writers)}" if writers else "is only read"
                yield volume.node.at("hostPath").expect(
                    not writers, f"volume {volume.name} ({path} of the node) {said}, wants no writer"
                )
