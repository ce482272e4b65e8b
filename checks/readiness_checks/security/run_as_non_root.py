from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def run_as_non_root(pods: security.PodSpecs) -> Findings:
    """Every container refuses to start as root.

    Why: root in a container is root on the node as soon as one wall fails; without `runAsNonRoot` an image decides
        alone who it runs as, and the next image may decide otherwise.
    Fix: set `securityContext.runAsNonRoot: true` on the pod, and a numeric USER in the image or `runAsUser`.
    Peers: kube-linter run-as-non-root, Polaris runAsRootAllowed, Kubescape C-0013, Checkov CKV_K8S_23, Trivy
        KSV-0012, Popeye POP-302 and POP-306.
    Source: Pod Security Standards, restricted, "Running as Non-root":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.non_root(pod)
