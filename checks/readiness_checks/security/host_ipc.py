from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.CRITICAL)
def host_ipc(pods: security.PodSpecs) -> Findings:
    """No pod shares the inter-process communication of its node.

    Why: with hostIPC a container reads and writes the shared memory of every other process on the node.
    Fix: remove `hostIPC` from the pod; containers of one pod share their IPC namespace anyway.
    Peers: kube-linter host-ipc, Polaris hostIPCSet, Kubescape C-0038, Checkov CKV_K8S_18, Trivy KSV-0008.
    Source: Pod Security Standards, baseline, "Host Namespaces":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.host_namespace(pod, "hostIPC")
