from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def min_ready_seconds(workloads: Workloads) -> Findings:
    """A new pod has to stay ready for a moment before the rollout goes on.

    Why: with 0, a pod that is ready once and crashes a second later counts as good, and the rollout replaces the next
    one with the same fault. Medium for StatefulSets, whose members are replaced in turn.
    Fix: set `minReadySeconds` to ten or more.
    Peers: eksup K8S003.
    Source: Kubernetes, "Deployments", min ready seconds:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#min-ready-seconds
    """
    for workload in workloads.replicated():
        if workload.kind in {"Deployment", "StatefulSet", "Rollout"}:
            seconds = workload.resource.node.integer("spec", "minReadySeconds") or 0
            yield workload.at("spec", "minReadySeconds").expect(
                seconds > 0,
                f"goes on after {seconds} s of readiness, wants more than 0",
                severity=Severity.MEDIUM if workload.kind == "StatefulSet" else None,
            )
