from readiness import Findings, Severity, check
from readiness.facts.services import Services
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def readiness_probe(workloads: Workloads, services: Services) -> Findings:
    """Every container that a Service sends traffic to says when it is ready.

    Why: without a readiness probe a pod gets requests from the moment its process starts, before it can answer, and
    keeps getting them when it no longer can.
    Fix: add a `readinessProbe` that asks whether this container can serve a request now.
    Peers: kube-score pod-probes, kube-linter no-readiness-probe, Polaris readinessProbeMissing, Kubescape C-0018,
    Checkov CKV_K8S_9, Popeye POP-104.
    Source: Kubernetes, "Liveness, Readiness, and Startup Probes":
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    for workload in workloads:
        if workload.long_running or workload.kind == "Pod":
            for container in services.serving(workload):
                probe = container.probe("readiness")
                said = f"has a readiness probe ({probe.handler})" if probe else "has no readiness probe"
                yield container.at("readinessProbe").expect(
                    probe is not None and bool(probe.handler), f"{container.title} {said}, wants one: a Service uses it"
                )
