from collections.abc import Mapping

from readiness import Findings, Severity, check
from readiness.facts.storage import StorageClasses

# Drivers that encrypt only where a parameter of the class says so.
_PARAMETER: Mapping[str, str] = {
    "ebs.csi.aws.com": "encrypted",
    "kubernetes.io/aws-ebs": "encrypted",
    "driver.longhorn.io": "encrypted",
    "linodebs.csi.linode.com": "linodebs.csi.linode.com/encrypted",
}


@check(Severity.MEDIUM)
def volume_encryption(classes: StorageClasses) -> Findings:
    """Volumes are encrypted where that has to be asked for.

    Why: a snapshot or a discarded disk that is not encrypted can be read by whoever gets hold of it.
    Fix: set the driver's parameter on the StorageClass, such as `encrypted: "true"` for AWS EBS.
    Peers: Kubescape C-0264.
    Source: AWS EBS CSI driver, "Parameters":
    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
    """
    for resource in classes:
        provisioner = resource.node.text("provisioner") or ""
        name = _PARAMETER.get(provisioner) or ("encrypted" if provisioner.endswith(".rbd.csi.ceph.com") else "")
        if name:
            value = resource.node.text("parameters", name)
            said = "nothing" if value is None else value
            yield resource.at("parameters", name).expect(
                (value or "").lower() == "true", f"{provisioner}: {name} says {said}, wants true"
            )
