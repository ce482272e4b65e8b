from readiness import Findings, Severity, check
from readiness.facts.batch import is_hook
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def controlled_pods(workloads: Workloads) -> Findings:
    """Every pod is made by a controller that replaces it.

    Why: a pod of its own is gone with its node, and cannot be updated or drained without loss.
    Fix: put its spec into the template of a Deployment, StatefulSet, DaemonSet or Job.
    Peers: Kubescape C-0073, Popeye POP-208.
    Source: Kubernetes, "Configuration Good Practices", naked pods:
    https://kubernetes.io/docs/concepts/configuration/overview/
    """
    for workload in workloads:
        bare = workload.kind == "Pod"
        # A node's own pods (static ones) and those that a deployer runs once have somebody who looks after them.
        if not bare or (workload.resource.controller is None and not is_hook(workload.resource)):
            made = "stands alone" if bare else "makes its pods"
            yield workload.at().expect(not bare, f"{made}, wants a controller that replaces it")
