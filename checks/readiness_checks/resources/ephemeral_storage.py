from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def ephemeral_storage(workloads: Workloads) -> Findings:
    """Every running container asks for, and is held to, its share of the node's disk.

    Why: logs and temporary files without a bound fill the node's disk, and then pods are evicted that did nothing
    wrong.
    Fix: set `ephemeral-storage` in `resources.requests` and `resources.limits`.
    Peers: kube-score container-ephemeral-storage-request-and-limit.
    Source: Kubernetes, "Local ephemeral storage": https://kubernetes.io/docs/concepts/storage/ephemeral-storage/
    """
    for workload in workloads:
        for container in workload.running():
            asked = container.node.get("resources", "requests", "ephemeral-storage").exists
            limited = container.limit("ephemeral-storage") is not None
            said = {
                (True, True): "a request and a limit",
                (True, False): "a request and no limit",
                (False, True): "a limit",
                (False, False): "neither a request nor a limit",
            }[asked, limited]
            yield container.at("resources", "limits", "ephemeral-storage").expect(
                limited, f"{container.title} has {said} for ephemeral-storage, wants both"
            )
