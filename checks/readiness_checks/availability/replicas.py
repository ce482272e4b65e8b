from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def replicas(
    workloads: Workloads,
    *,
    minimum: Annotated[
        int, "replicas to keep", Stricter.HIGHER, PerEnvironment(production=3, staging=2, development=1)
    ] = 2,
) -> Findings:
    """Every long-running workload keeps enough replicas to lose one.

    Why: with one replica, each node drain, crash and rollout is an outage.
    Fix: set `spec.replicas`, or the autoscaler's `minReplicas`, to two or more.
    Peers: kube-score deployment-replicas and horizontalpodautoscaler-replicas, kube-linter minimum-three-replicas,
    Polaris deploymentMissingReplicas and hpaMinAvailability.
    Source: Kubernetes, "Disruptions": https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
    """
    for workload in workloads.replicated():
        count = workload.effective_replicas
        severity = Severity.MEDIUM if count > 1 else None
        yield workload.at_replicas().expect(
            count >= minimum, f"keeps {count}, wants {minimum}", severity=severity, replicas=count, minimum=minimum
        )
