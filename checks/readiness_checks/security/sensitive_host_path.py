from posixpath import normpath
from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.CRITICAL)
def sensitive_host_path(
    pods: security.PodSpecs,
    *,
    folders: Annotated[
        tuple[str, ...], "folders of a node that no pod may mount, nor anything in them", Stricter.MORE
    ] = (
        "/boot",
        "/dev",
        "/etc",
        "/lib",
        "/proc",
        "/root",
        "/sys",
        "/usr",
        "/var/lib/docker",
        "/var/lib/kubelet",
    ),
) -> Findings:
    """No pod mounts a system folder of its node.

    Why: with the root, `/etc` or the kubelet's folder of a node in reach, a container reads the credentials of every
        pod there and can change what the node runs at its next start.
    Fix: remove the hostPath volume; what monitors a node belongs into a namespace and a DaemonSet of its own, with a
        waiver.
    Peers: kube-linter sensitive-host-mounts, Kubescape C-0048, Trivy KSV-0121.
    Source: Pod Security Standards, baseline, "HostPath Volumes", and CIS Kubernetes Benchmark 5.2.12:
        https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    for pod in pods:
        for volume in security.host_path_volumes(pod):
            path = "/" + normpath("/" + (volume.text("hostPath", "path") or "")).lstrip("/")
            bad = path == "/" or any(path == folder or path.startswith(f"{folder}/") for folder in folders)
            yield volume.at("hostPath", "path").expect(
                not bad, f"volume {volume.text('name')} mounts {path} of the node, wants no system folder"
            )
