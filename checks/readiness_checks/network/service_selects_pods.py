from readiness import Findings, Severity, check
from readiness.facts.network import RunningPods, foreign_label
from readiness.facts.services import Services
from readiness.facts.workloads import OperatedPods, Workloads

_MAKERS = tuple(sorted(Workloads.kinds))


@check(Severity.HIGH)
def service_selects_pods(
    services: Services, workloads: Workloads, running: RunningPods, operated: OperatedPods
) -> Findings:
    """Every Service with a selector sends its traffic to pods that are there.

    Why: a selector that matches no pod leaves the Service without endpoints: each request to it is refused.
    Fix: make `spec.selector` match the labels of the pod template in the same namespace, each of them.
    Peers: kube-score service-targets-pod, kube-linter dangling-service, Popeye POP-1100, Kubescape C-0293.
    Source: Kubernetes, "Service": https://kubernetes.io/docs/concepts/services-networking/service/
    """
    keys: dict[str, set[str]] = {}
    for workload in workloads:
        keys.setdefault(workload.namespace, set()).update(workload.labels)
    for service in services:
        selector = service.selector
        if selector is None or service.kind == "ExternalName" or not keys:  # no pods at all come with it
            continue
        # A label that only an operator's pods carry says nothing about the pods here.
        known = keys.get(service.namespace, set())
        if not service.workloads and any(foreign_label(key) for key, _ in selector.labels if key not in known):
            continue
        there = bool(service.workloads) or running.any(service.namespace, selector)
        if not there and operated.possible(service.namespace):
            continue
        names = ", ".join(f"{w.kind} {w.name}" for w in service.workloads)
        yield service.at("spec", "selector").expect(
            there,
            f"selects {names or ('pods' if there else 'no pods')} by {selector}, wants pods in {service.namespace}",
            absence=_MAKERS,
        )
