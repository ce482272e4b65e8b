from decimal import Decimal

from readiness import Findings, Severity, check
from readiness.facts.quantities import quantity, written
from readiness.facts.storage import Volume, volumes
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def memory_volume(workloads: Workloads) -> Findings:
    """A volume in memory fits into the memory of those who fill it.

    Why: what is written to it counts against the container's memory limit; a volume that may grow beyond it ends in a
    kill, and one without a bound may take half of the node's memory.
    Fix: set `sizeLimit`, below the memory limit of each container that writes to it.
    Peers: none.
    Source: Kubernetes, "Volumes", emptyDir: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    """
    for workload in workloads:
        for volume in volumes(workload):
            if volume.node.text("emptyDir", "medium") != "Memory":
                continue
            size, least = quantity(volume.node.raw("emptyDir", "sizeLimit")), _least_limit(volume)
            said = f"may take {written(size, 'memory')} of memory" if size is not None else "has no sizeLimit"
            wanted = (
                f"at most {written(least, 'memory')} (the limit of its writer)" if least is not None else "a sizeLimit"
            )
            yield volume.node.at("emptyDir", "sizeLimit").expect(
                size is not None and (least is None or size <= least), f"volume {volume.name} {said}, wants {wanted}"
            )


def _least_limit(volume: Volume) -> Decimal | None:
    limits = [m.container.limit("memory") for m in volume.mounts() if m.writable]
    return min((limit for limit in limits if limit is not None), default=None)
