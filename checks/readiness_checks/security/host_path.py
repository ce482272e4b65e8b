from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def host_path(pods: security.PodSpecs) -> Findings:
    """No pod mounts a folder of its node.

    Why: what lies on a node does not follow the pod to the next one, and a container that writes there, or follows a
        link there, reaches beyond its walls.
    Fix: use a PersistentVolumeClaim for data, an emptyDir for scratch space, a ConfigMap or Secret for files.
    Peers: Polaris hostPathSet, Kubescape C-0048, Trivy KSV-0023.
    Source: Pod Security Standards, baseline, "HostPath Volumes":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.host_paths(pod)
