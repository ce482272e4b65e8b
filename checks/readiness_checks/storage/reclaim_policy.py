from readiness import Findings, Severity, check
from readiness.facts.storage import PersistentVolumes, StorageClasses


@check(Severity.MEDIUM)
def reclaim_policy(classes: StorageClasses, volumes: PersistentVolumes) -> Findings:
    """Data outlives the claim that held it.

    Why: with Delete, whoever deletes a claim or a namespace deletes the disk behind it in the same moment. High for a
    volume that exists; a storage class decides for those to come.
    Fix: set `reclaimPolicy: Retain` (StorageClass) or `persistentVolumeReclaimPolicy: Retain` (PersistentVolume).
    Peers: none.
    Source: Kubernetes, "Persistent Volumes", reclaiming:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
    """
    for resource in classes:
        policy = resource.node.text("reclaimPolicy") or "Delete"
        yield resource.at("reclaimPolicy").expect(policy == "Retain", f"volumes of this class: {policy}, wants Retain")
    for resource in volumes:
        # A volume made by hand is kept unless it says otherwise.
        policy = resource.node.text("spec", "persistentVolumeReclaimPolicy") or "Retain"
        yield resource.at("spec", "persistentVolumeReclaimPolicy").expect(
            policy == "Retain", f"when its claim is gone: {policy}, wants Retain", severity=Severity.HIGH
        )
