from readiness import Findings, Severity, check
from readiness.facts.storage import StorageClasses


@check(Severity.LOW)
def volume_expansion(classes: StorageClasses) -> Findings:
    """Volumes can be made larger while they are in use.

    Why: a full disk that cannot grow means moving the data to another one, in the middle of the night.
    Fix: set `allowVolumeExpansion: true` on the StorageClass where its driver can do it.
    Peers: none.
    Source: Kubernetes, "Storage Classes", volume expansion:
    https://kubernetes.io/docs/concepts/storage/storage-classes/#allow-volume-expansion
    """
    for resource in classes:
        # Local volumes are made by hand and cannot grow.
        if resource.node.text("provisioner") != "kubernetes.io/no-provisioner":
            grows = resource.node.boolean("allowVolumeExpansion") is True
            yield resource.at("allowVolumeExpansion").expect(
                grows, f"{'allows' if grows else 'does not allow'} expansion, wants allowVolumeExpansion"
            )
