from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.HIGH)
def privilege_escalation(pods: security.PodSpecs) -> Findings:
    """No process can gain more rights than its container started with.

    Why: unless forbidden, a set-user-id program in the image makes an ordinary user root; that is the usual second
        step of an attack.
    Fix: set `securityContext.allowPrivilegeEscalation: false` on each container; a pod has no such field, and unset
        means true.
    Peers: kube-linter privilege-escalation-container, Polaris privilegeEscalationAllowed, Kubescape C-0016, Checkov
        CKV_K8S_20, Trivy KSV-0001.
    Source: Pod Security Standards, restricted, "Privilege Escalation":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.privilege_escalation(pod)
