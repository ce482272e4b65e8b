from readiness import Findings, Severity, check
from readiness.facts.quantities import quantity
from readiness.facts.storage import volumes
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def empty_dir_size(workloads: Workloads) -> Findings:
    """Every emptyDir has a bound.

    Why: an emptyDir without one grows until the node's disk is full, and then the node evicts pods that did nothing
    wrong.
    Fix: set `emptyDir.sizeLimit`.
    Peers: none.
    Source: Kubernetes, "Local ephemeral storage": https://kubernetes.io/docs/concepts/storage/ephemeral-storage/
    """
    for workload in workloads:
        for volume in volumes(workload):
            # One in memory is bound by more than its size: it has a check of its own.
            if volume.source == "emptyDir" and volume.node.text("emptyDir", "medium") != "Memory":
                written = volume.node.raw("emptyDir", "sizeLimit")
                bound = quantity(written) is not None
                said = f"may take {written}" if bound else "has no sizeLimit"
                yield volume.node.at("emptyDir", "sizeLimit").expect(
                    bound, f"volume {volume.name} {said}, wants a bound"
                )
