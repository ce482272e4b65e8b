from readiness import Findings, Severity, check
from readiness.facts.services import Services
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def stateful_set_service(workloads: Workloads, services: Services) -> Findings:
    """Every StatefulSet names a headless Service that selects its pods.

    Why: the members find each other by the names that this Service makes; without it they have none.
    Fix: add a Service with `clusterIP: None` and the pods' labels, and name it in `serviceName`.
    Peers: kube-score statefulset-has-servicename.
    Source: Kubernetes, "StatefulSets", stable network id:
    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
    """
    for workload in workloads.replicated():
        if workload.kind != "StatefulSet":
            continue
        name = workload.resource.node.text("spec", "serviceName") or ""
        service = services.named(workload.namespace, name) if name else None
        chosen = service is not None and workload in service.workloads
        place = workload.at("spec", "serviceName")
        wanted = "wants a headless one that selects its pods"
        if not name:
            # Kubernetes allows it: a set whose members need no names of their own.
            yield place.expect(False, f"names no Service, {wanted}", severity=Severity.MEDIUM)
        elif service is None:
            yield place.expect(False, f"names Service {name}, which is not there, {wanted}", absence=("Service",))
        elif not chosen:
            yield place.expect(False, f"names Service {name}, which does not select its pods, {wanted}")
        else:
            said = "is headless" if service.headless else "is not headless"
            yield place.expect(
                service.headless, f"names Service {name}, which {said}, {wanted}", severity=Severity.MEDIUM
            )
