from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.rbac import Bindings


@check(Severity.HIGH)
def foreign_subjects(
    bindings: Bindings,
    *,
    allowed: Annotated[tuple[str, ...], "namespaces whose accounts may have rights here", Stricter.FEWER] = (
        "argocd",
        "flux-system",
        "kube-system",
        "monitoring",
    ),
) -> Findings:
    """Rights in a namespace are given to accounts of the same namespace.

    Why: an account of another tenant with rights here makes that tenant's faults, and its intruders, your own.
    Fix: run what needs the right in this namespace, or list the other namespace in the check's setting `allowed`.
    Peers: none.
    Source: Kubernetes, "Multi-tenancy", "Access controls":
        https://kubernetes.io/docs/concepts/security/multi-tenancy/#access-controls
    """
    for binding in bindings:
        home = binding.resource.namespace
        for subject in binding.subjects:
            if subject.kind == "ServiceAccount" and not binding.cluster_wide:
                good = subject.namespace == home or subject.namespace in allowed
                yield subject.node.at("namespace").expect(
                    good, f"gives rights in {home} to {subject}, wants an account of {home}"
                )
