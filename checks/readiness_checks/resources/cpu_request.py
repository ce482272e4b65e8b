from readiness import Findings, Severity, check
from readiness.facts.limits import amounts
from readiness.facts.pods import Role
from readiness.facts.quantities import written
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def cpu_request(workloads: Workloads) -> Findings:
    """Every container asks for the CPU it needs.

    Why: without a request the scheduler counts the container as nothing, packs nodes too full, and under load it gets
    what others leave. An init container counts for less: it is gone before the service starts.
    Fix: set `resources.requests.cpu` to what the container uses on a busy day.
    Peers: kube-score container-resources, kube-linter unset-cpu-requirements, Polaris cpuRequestsMissing, Kubescape
    C-0268, Checkov CKV_K8S_10, Trivy KSV-0015, Popeye POP-106.
    Source: Kubernetes, "Resource Management for Pods and Containers":
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    for asked in amounts(workloads, "requests", "cpu"):
        own = f"asks for {written(asked.amount, 'cpu')} of cpu" if asked.amount else "asks for no cpu"
        said = "counts on the pod's request" if asked.of_pod else own
        yield asked.place.expect(
            asked.given,
            f"{asked.container.title} {said}, wants a cpu request",
            severity=Severity.MEDIUM if asked.container.role is Role.INIT else None,
        )
