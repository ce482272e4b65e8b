from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.LOW)
def volume_types(pods: security.PodSpecs) -> Findings:
    """Every volume is of a type that the restricted standard knows.

    Why: a pod that mounts NFS, iSCSI or a cloud disk directly carries addresses and credentials of the storage, and
        passes by whoever administers it.
    Fix: let a PersistentVolume describe the storage and claim it with a PersistentVolumeClaim.
    Peers: Trivy KSV-0028.
    Source: Pod Security Standards, restricted, "Volume Types":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.volume_types(pod)
