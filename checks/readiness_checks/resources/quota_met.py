from readiness import Finding, Findings, Severity, check
from readiness.facts.limits import ContainerDefaults, Quota, Quotas, counted
from readiness.facts.pods import Container, Role
from readiness.facts.workloads import Workload


@check(Severity.HIGH)
def quota_met(quotas: Quotas, defaults: ContainerDefaults) -> Findings:
    """Every container says what the quota of its namespace counts.

    Why: where a quota counts cpu or memory, the API server refuses each pod with a container that does not say how
    much.
    Fix: set the request or the limit that the quota names, or give the namespace a LimitRange with defaults.
    Peers: none.
    Source: Kubernetes, "Resource Quotas": https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    for quota in quotas:
        # For ephemeral storage nothing is refused.
        asked = [(n, m) for n, _, _ in quota.hard() if (m := counted(n)) and m[0] != "ephemeral-storage"]
        for workload in quotas.workloads(quota):
            for container in workload.containers():
                if container.role is not Role.EPHEMERAL:
                    for name, (resource, limits) in asked:
                        yield _finding(workload, container, defaults, quota, name, resource, limits=limits)


def _finding(
    workload: Workload,
    container: Container,
    defaults: ContainerDefaults,
    quota: Quota,
    name: str,
    resource: str,
    *,
    limits: bool,
) -> Finding:
    filled = defaults.limit if limits else defaults.request
    own = container.limit(resource) if limits else container.request(resource)
    ok = own is not None or filled(workload.namespace, resource) is not None
    said = "says" if ok else "does not say"
    return container.at("resources", "limits" if limits else "requests", resource).expect(
        ok,
        f"{container.title} {said} its {name}, wants it: {quota.resource.subject} counts it",
        absence=("LimitRange",),
    )
