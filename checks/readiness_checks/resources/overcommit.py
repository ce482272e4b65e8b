from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def overcommit(
    workloads: Workloads,
    *,
    cpu: Annotated[float, "the CPU limit, in multiples of the request", Stricter.LOWER] = 10.0,
    memory: Annotated[float, "the memory limit, in multiples of the request", Stricter.LOWER] = 2.0,
) -> Findings:
    """A container's limit is not far above what it asks for.

    Why: the scheduler places by requests; when the containers of a node use what their limits allow, the node is out of
    memory or every container on it crawls.
    Fix: bring the request near what the container really uses, or lower the limit.
    Peers: none.
    Source: Kubernetes, "Node-pressure Eviction":
    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
    """
    for workload in workloads:
        for container in workload.running():
            for resource, most in (("cpu", cpu), ("memory", memory)):
                asked, limit = container.request(resource), container.limit(resource)
                if asked and limit:
                    ratio = float(limit / asked)
                    yield container.at("resources", "limits", resource).expect(
                        ratio <= most,
                        f"{container.title} may use {ratio:.3g} times the {resource} it asks for, wants {most:g}",
                    )
