from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs, named, spelled


@check(Severity.MEDIUM)
def read_only_root(pods: PodSpecs) -> Findings:
    """Every container has a read-only root filesystem.

    Why: what cannot be written cannot be replaced by an intruder, and a service that writes into its image loses the
        data with the pod and fills the node's disk.
    Fix: set `securityContext.readOnlyRootFilesystem: true` and mount an emptyDir, with a sizeLimit, where it must
        write.
    Peers: kube-score container-security-context-readonlyrootfilesystem, kube-linter no-read-only-root-fs, Polaris
        notReadOnlyRootFilesystem, Kubescape C-0017, Checkov CKV_K8S_22, Trivy KSV-0014.
    Source: NSA/CISA Kubernetes Hardening Guide, "Immutable container file systems":
        https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF
    """
    for pod in pods:
        for container in () if pod.windows else pod.containers:
            node = container.node.get("securityContext", "readOnlyRootFilesystem")
            yield node.expect(
                node.value is True, f"{named(container)} has readOnlyRootFilesystem {spelled(node.value)}, wants true"
            )
