from readiness import Findings, Severity, check
from readiness.facts.security import NEWEST
from readiness.facts.tenancy import POD_SECURITY, Namespaces


@check(Severity.LOW)
def pod_security_version(namespaces: Namespaces) -> Findings:
    """Every enforced Pod Security level is pinned to a version.

    Why: an upgrade of the cluster brings new rules with `latest`, and pods that ran yesterday are refused at their
        next restart.
    Fix: label the Namespace `pod-security.kubernetes.io/enforce-version: v1.34`, warn with `latest`, and raise it on
        purpose.
    Peers: none.
    Source: Kubernetes, "Enforce Pod Security Standards with Namespace Labels":
        https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/
    """
    for namespace in namespaces.tenants():
        if namespace.level and namespace.level != "privileged":
            said = f"pins {namespace.pinned}" if namespace.pinned else "pins no version"
            yield namespace.label(f"{POD_SECURITY}enforce-version").expect(
                namespace.minor != NEWEST, f"{said}, wants one such as v1.34"
            )
