from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.LOW)
def apparmor_profile(pods: security.PodSpecs) -> Findings:
    """No pod switches AppArmor off.

    Why: where nodes have AppArmor, the runtime's profile holds by itself; `Unconfined` takes that wall away.
    Fix: set `securityContext.appArmorProfile.type` to RuntimeDefault or Localhost, or leave it out.
    Peers: Trivy KSV-0002, Polaris linuxHardening, Kubescape C-0055.
    Source: Pod Security Standards, baseline, "AppArmor":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.apparmor(pod)
