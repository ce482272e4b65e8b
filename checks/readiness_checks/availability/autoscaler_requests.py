from readiness import Findings, Severity, check
from readiness.facts.autoscaling import Autoscaler, Autoscalers, ResourceMetric
from readiness.facts.limits import ContainerDefaults
from readiness.facts.workloads import Workload, Workloads


@check(Severity.HIGH)
def autoscaler_requests(autoscalers: Autoscalers, workloads: Workloads, defaults: ContainerDefaults) -> Findings:
    """Every container that an autoscaler measures has the request that it is measured against.

    Why: utilization is a share of the request; when one container of the pod has none, the autoscaler cannot compute
    anything and never scales.
    Fix: set `resources.requests` for the measured resource on every container of the pod, sidecars included, or measure
    one container by a ContainerResource metric.
    Peers: none.
    Source: Kubernetes, "Horizontal Pod Autoscaling", algorithm:
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
    """
    by_name = {(w.namespace, w.kind, w.name): w for w in workloads}
    for scaler in autoscalers:
        workload = by_name.get((scaler.namespace, scaler.target_kind, scaler.target_name))
        if workload is not None:
            for metric in scaler.metrics():
                if metric.relative:
                    yield from _measured(scaler, workload, metric, defaults)


def _measured(scaler: Autoscaler, workload: Workload, metric: ResourceMetric, defaults: ContainerDefaults) -> Findings:
    resource = metric.resource
    whole = workload.pod.get("resources", "requests", resource).exists and not metric.container
    for container in workload.running():
        if metric.container and container.name != metric.container:
            continue
        asked = container.request(resource) or defaults.request(workload.namespace, resource)
        said = "counts on the pod's request" if whole else "has a request" if asked else "has no request"
        yield container.at("resources", "requests", resource).expect(
            whole or bool(asked),
            f"{container.title} {said} for {resource}, wants one: {scaler.resource.subject} measures against it",
            absence=("LimitRange",),
        )
