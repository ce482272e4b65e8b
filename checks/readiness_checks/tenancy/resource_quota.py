from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tenancy import Namespaces

_SAME = {"cpu": ("cpu", "requests.cpu", "limits.cpu"), "memory": ("memory", "requests.memory", "limits.memory")}


@check(Severity.MEDIUM)
def resource_quota(
    namespaces: Namespaces,
    *,
    wanted: Annotated[tuple[str, ...], "what a quota bounds", Stricter.MORE] = ("cpu", "memory", "pods"),
) -> Findings:
    """Every namespace is bounded by a resource quota.

    Why: without one, a single runaway autoscaler or job takes the cluster's whole room from every other tenant.
    Fix: add a ResourceQuota with `requests.cpu`, `requests.memory` and `pods` beside the Namespace.
    Peers: Trivy KSV-0040.
    Source: Kubernetes, "Resource Quotas": https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    for namespace in namespaces.tenants():
        bounded = {name for name, _ in namespace.hard()}
        lacking = [name for name in wanted if bounded.isdisjoint(_SAME.get(name, (name, f"count/{name}")))]
        said = f"its quotas leave {', '.join(lacking)} open" if bounded else "has no resource quota"
        said = said if lacking else "is bounded"
        yield namespace.resource.at().expect(
            not lacking, f"{said}, wants {', '.join(wanted)} bounded", absence=("ResourceQuota",), lacking=lacking
        )
