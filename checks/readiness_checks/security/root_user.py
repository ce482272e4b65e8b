from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def root_user(pods: security.PodSpecs) -> Findings:
    """No pod or container asks for user 0.

    Why: `runAsUser: 0` overrides the user of the image and makes the process root, whatever the image intended.
    Fix: set `runAsUser` to the number of an ordinary user, or leave it to the image.
    Peers: Trivy KSV-0105, Kubescape C-0013.
    Source: Pod Security Standards, restricted, "Running as Non-root user":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.root_user(pod)
