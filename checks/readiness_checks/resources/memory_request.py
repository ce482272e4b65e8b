from readiness import Findings, Severity, check
from readiness.facts.limits import amounts
from readiness.facts.pods import Role
from readiness.facts.quantities import written
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def memory_request(workloads: Workloads) -> Findings:
    """Every container asks for the memory it needs.

    Why: without a request the scheduler counts the container as nothing, and when the node runs short of memory it is
    the first to be killed. An init container counts for less: it is gone before the service starts.
    Fix: set `resources.requests.memory` to what the container uses on a busy day.
    Peers: kube-score container-resources, Polaris memoryRequestsMissing, Kubescape C-0269, Checkov CKV_K8S_12,
    Trivy KSV-0016, Popeye POP-106.
    Source: Kubernetes, "Resource Management for Pods and Containers":
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    for asked in amounts(workloads, "requests", "memory"):
        own = f"asks for {written(asked.amount, 'memory')}" if asked.amount else "asks for no memory"
        said = "counts on the pod's request" if asked.of_pod else own
        yield asked.place.expect(
            asked.given,
            f"{asked.container.title} {said}, wants a memory request",
            severity=Severity.MEDIUM if asked.container.role is Role.INIT else None,
        )
