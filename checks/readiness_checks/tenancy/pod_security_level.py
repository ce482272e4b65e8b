from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, check
from readiness.facts.admission import LEVELS
from readiness.facts.tenancy import POD_SECURITY, Namespaces


@check(Severity.HIGH)
def pod_security_level(
    namespaces: Namespaces,
    *,
    level: Annotated[
        str,
        "the least level to enforce: privileged, baseline or restricted",
        PerEnvironment(production="restricted", staging="restricted", development="baseline"),
    ] = "baseline",
) -> Findings:
    """Every namespace enforces a Pod Security level.

    Why: without the label any pod is admitted, a privileged one too; what the manifests promise today nothing holds
        tomorrow.
    Fix: label the Namespace `pod-security.kubernetes.io/enforce: restricted`.
    Peers: Kubescape C-0192, CIS 5.2.1.
    Source: Kubernetes, "Enforce Pod Security Standards with Namespace Labels":
        https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/
    """
    wanted = LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1
    for namespace in namespaces.tenants():
        key = f"{POD_SECURITY}enforce"
        written = namespace.labels.get(key)
        good = bool(namespace.level) and LEVELS.index(namespace.level) >= wanted
        said = f"enforces {written}" if written else "enforces no Pod Security level"
        yield namespace.label(key).expect(good, f"{said}, wants {LEVELS[wanted]}")
