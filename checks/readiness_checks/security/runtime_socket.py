from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts import security


@check(Severity.CRITICAL)
def runtime_socket(
    pods: security.PodSpecs,
    *,
    sockets: Annotated[tuple[str, ...], "names of the sockets of container runtimes", Stricter.MORE] = (
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "cri-dockerd.sock",
        "podman.sock",
        "buildkitd.sock",
    ),
) -> Findings:
    """No pod mounts the socket of a container runtime.

    Why: who can talk to the runtime starts a privileged container on the node with one request; read-only changes
        nothing.
    Fix: build images with a rootless builder or outside the cluster; read metrics from the kubelet instead of the
        runtime.
    Peers: kube-linter docker-sock, Kubescape C-0074, Checkov CKV_K8S_27, Trivy KSV-0006, eksup K8S008.
    Source: OWASP Docker Security Cheat Sheet, rule 1:
        https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html
    """
    for pod in pods:
        for volume in security.host_path_volumes(pod):
            path = (volume.text("hostPath", "path") or "").rstrip("/")
            bad = path.rpartition("/")[2] in sockets
            yield volume.at("hostPath", "path").expect(
                not bad, f"volume {volume.text('name')} mounts {path or '?'}, wants no socket of a container runtime"
            )
