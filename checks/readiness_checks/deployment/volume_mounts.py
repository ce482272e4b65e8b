from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.objects import Node
from readiness.facts.pods import Container
from readiness.facts.workloads import Workload, Workloads


@check(Severity.HIGH)
def volume_mounts(workloads: Workloads) -> Findings:
    """Every volume that a container mounts is declared, each at a path of its own.

    Why: the API server refuses a pod with a mount of an unknown volume or with two mounts at one path.
    Fix: declare the volume in the pod's `volumes` or the StatefulSet's `volumeClaimTemplates`, or correct the name.
    Peers: kubectl --dry-run=server.
    Source: Kubernetes, "Volumes", how volumes work:
        https://kubernetes.io/docs/concepts/storage/volumes/#how-volumes-work
    """
    for workload in workloads:
        declared = set(_declared(workload))
        for container in workload.containers():
            faults = list(_of(container, declared))
            yield from (node.expect(False, f"{container.title}: {message}") for node, message in faults)
            if not faults and container.node.sequence("volumeMounts"):
                yield container.at("volumeMounts").expect(True, f"{container.title}: mounts declared volumes")


def _declared(workload: Workload) -> Iterator[str | None]:
    for volume in workload.pod.each("volumes"):
        yield volume.text("name")
    if workload.kind == "StatefulSet":
        for claim in workload.resource.node.each("spec", "volumeClaimTemplates"):
            yield claim.text("metadata", "name")


def _of(container: Container, declared: set[str | None]) -> Iterator[tuple[Node, str]]:
    paths = set()
    for mount in container.node.each("volumeMounts"):
        name, path = mount.text("name"), mount.text("mountPath")
        if name is not None and name not in declared:
            yield mount.get("name"), f"mounts `{name}`, which is no volume of the pod"
        if path is not None and path in paths:
            yield mount.get("mountPath"), f"mounts two volumes at {path}, wants one"
        paths.add(path)
