from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tenancy import Namespaces


@check(Severity.LOW)
def limit_range(
    namespaces: Namespaces,
    *,
    wanted: Annotated[tuple[str, ...], "resources that containers get defaults for", Stricter.MORE] = ("cpu", "memory"),
) -> Findings:
    """Every namespace gives its containers default requests and limits.

    Why: a container without requests is placed anywhere and evicted first; where a quota bounds requests, it is
        refused.
    Fix: add a LimitRange with an entry of type Container, `defaultRequest` for cpu and memory and `default` for
        memory.
    Peers: Trivy KSV-0039.
    Source: Kubernetes, "Limit Ranges": https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    for namespace in namespaces.tenants():
        entries = [limit for limit in namespace.limits if limit.type == "Container"]
        # Where only a limit is given, its value is the default request as well.
        keys = ("defaultRequest", "default")
        given = {r for limit in entries for r in wanted if any(limit.bound(key, r) is not None for key in keys)}
        lacking = [resource for resource in wanted if resource not in given]
        said = f"gives no default for {', '.join(lacking)}" if lacking else "gives defaults"
        yield namespace.resource.at().expect(
            not lacking, f"{said}, wants a LimitRange for containers", absence=("LimitRange",), lacking=lacking
        )
