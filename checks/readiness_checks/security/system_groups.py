from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.rbac import Bindings


@check(Severity.CRITICAL)
def system_groups(
    bindings: Bindings,
    *,
    forbidden: Annotated[
        tuple[str, ...], "users and groups that stand for everybody, or for nobody known", Stricter.MORE
    ] = (
        "system:anonymous",
        "system:unauthenticated",
        "system:authenticated",
        "system:masters",
        "system:serviceaccounts",
    ),
) -> Findings:
    """No binding gives rights to everybody.

    Why: `system:authenticated` is every pod and every user of the cluster, `system:anonymous` whoever reaches the API
        server; members of `system:masters` pass every check for ever.
    Fix: name the ServiceAccount, or a group of your identity provider.
    Peers: Kubescape C-0262 and C-0265, Trivy KSV-0122 and KSV-0123, CIS 5.1.7.
    Source: CIS Kubernetes Benchmark 5.1.7, and Kubernetes, "RBAC Good Practices":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for binding in bindings:
        for subject in binding.subjects:
            bad = subject.kind in {"User", "Group"} and subject.name in forbidden
            yield subject.node.at("name").expect(
                not bad, f"gives {binding.role_kind} {binding.role_name} to {subject}, wants named accounts"
            )
