from readiness import Findings, Severity, check
from readiness.facts.storage import Claims


@check(Severity.MEDIUM)
def claim_exists(claims: Claims) -> Findings:
    """Every claim that a pod mounts is there.

    Why: a pod that names a claim which nobody made waits for ever, and the rollout with it.
    Fix: ship the PersistentVolumeClaim beside the workload, or correct `claimName`; where another team makes it, say so
    in a waiver.
    Peers: none.
    Source: Kubernetes, "Persistent Volumes", claims as volumes:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes
    """
    for namespace, name, volume in claims.references():
        made = claims.named(namespace, name) is not None or claims.maker(namespace, name) is not None
        said = "is there" if made else "is not there"
        yield volume.node.at("persistentVolumeClaim", "claimName").expect(
            made,
            f"volume {volume.name} mounts claim {name}, which {said}, wants a claim in {namespace}",
            absence=("PersistentVolumeClaim",),
        )
