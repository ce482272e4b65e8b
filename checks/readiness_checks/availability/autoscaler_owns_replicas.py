from readiness import Findings, Rendered, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def autoscaler_owns_replicas(workloads: Rendered[Workloads]) -> Findings:
    """A workload that an autoscaler scales does not say its replicas itself.

    Why: each deploy sets the number back to what is written, in the middle of a peak too, until the autoscaler has
    mended it.
    Fix: remove `spec.replicas` from the workload; the autoscaler's `minReplicas` says how few there may be.
    Peers: kube-score deployment-targeted-by-hpa-does-not-have-replicas-configured.
    Source: Kubernetes, "Horizontal Pod Autoscaling", migrating to it:













    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling
    """
    for workload in workloads.replicated():
        if workload.autoscalers:
            node = workload.resource.get("spec", "replicas")
            scaler = workload.autoscalers[0].resource.subject
            said = f"sets replicas {node.value}" if node.exists else "sets no replicas"
            yield node.expect(not node.exists, f"{said}, wants to leave them to {scaler}")
