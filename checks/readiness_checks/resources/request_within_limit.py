from readiness import Findings, Severity, check
from readiness.facts.quantities import written
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def request_within_limit(workloads: Workloads) -> Findings:
    """No container asks for more than it may use.

    Why: the API server refuses a pod whose request is above its limit; in a template that shows only when the first pod
    is to be made.
    Fix: raise the limit or lower the request; look for a unit that differs (`1000` and `500m`, `1G` and `512Mi`).
    Peers: none.
    Source: Kubernetes, "Resource Management for Pods and Containers":
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    for workload in workloads:
        for container in workload.containers():
            for resource in container.node.mapping("resources", "limits"):
                asked, limit = container.request(resource), container.limit(resource)
                if asked is not None and limit is not None:
                    said = f"asks for {written(asked, resource)} of {resource} and may use {written(limit, resource)}"
                    yield container.at("resources", "requests", resource).expect(
                        asked <= limit, f"{container.title} {said}, wants no more than the limit"
                    )
