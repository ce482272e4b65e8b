from decimal import Decimal

from readiness import Findings, Severity, check
from readiness.facts.pods import Container
from readiness.facts.quantities import quantity
from readiness.facts.workloads import Workloads

# No container starts in less than this many bytes, and no node has this many cores.
_LEAST_BYTES = Decimal(2**20)
_MOST_CORES = Decimal(1000)


@check(Severity.HIGH)
def units(workloads: Workloads) -> Findings:
    """Amounts of CPU and memory are in the units that were meant.

    Why: `memory: 512m` is half a byte, `memory: 128` are bytes, and `cpu: 1500` are 1,500 cores: all are accepted, and
    then no container starts or no node fits.
    Fix: write memory as `512Mi` or `1Gi` and CPU as `500m` or `2`.
    Peers: none.
    Source: Kubernetes, "Resource Management for Pods and Containers", resource units:
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-units-in-kubernetes
    """
    for workload in workloads:
        for container in workload.containers():
            yield from _of(container)


def _of(container: Container) -> Findings:
    for field in ("requests", "limits"):
        for resource, node in container.node.get("resources", field).entries():
            if resource not in {"cpu", "memory", "ephemeral-storage"} or not node.exists:
                continue
            amount = quantity(node.value)
            if amount is None:
                odd, wanted = True, "a quantity such as 500m or 256Mi"
            elif resource == "cpu":
                odd, wanted = amount >= _MOST_CORES, "cores such as 500m or 2"
            else:
                odd, wanted = 0 < amount < _LEAST_BYTES, "an amount such as 256Mi"
            yield node.expect(not odd, f"{container.title}: {field} {resource} {node.value}, wants {wanted}")
