from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.CRITICAL)
def privileged(pods: security.PodSpecs) -> Findings:
    """No container runs privileged.

    Why: a privileged container has every capability and every device of its node; whoever takes it over owns the node
        and all pods on it.
    Fix: remove `securityContext.privileged`, or set it to false, and add the one capability that is really needed.
    Peers: kube-score container-security-context-privileged, kube-linter privileged-container, Polaris
        runAsPrivileged, Kubescape C-0057, Checkov CKV_K8S_16, Trivy KSV-0017.
    Source: Pod Security Standards, baseline, "Privileged Containers":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.privileged(pod)
