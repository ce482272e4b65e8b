from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def writable_host_path(pods: security.PodSpecs) -> Findings:
    """Folders of the node are mounted read-only.

    Why: a container that can write to its node can leave something there that outlives it, or fill the disk that all
        pods share.
    Fix: set `readOnly: true` on each volumeMount of a hostPath volume.
    Peers: kube-linter writable-host-mount, Kubescape C-0045.
    Source: Kubernetes, "hostPath": https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    for pod in pods:
        volumes = {volume.text("name") for volume in security.host_path_volumes(pod)} - {None}
        if not volumes:
            continue
        for container in pod.containers:
            for mount in container.node.each("volumeMounts"):
                if mount.text("name") in volumes:
                    good = mount.boolean("readOnly") is True
                    how = "read-only" if good else "writable"
                    yield mount.expect(
                        good,
                        f"{security.named(container)} mounts volume {mount.text('name')} {how}, wants it read-only",
                    )
