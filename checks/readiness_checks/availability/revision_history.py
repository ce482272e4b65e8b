from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads

_DEFAULT = 10


@check(Severity.MEDIUM)
def revision_history(
    workloads: Workloads,
    *,
    minimum: Annotated[int, "old revisions to keep", Stricter.HIGHER] = 2,
) -> Findings:
    """Old revisions are kept, so that a release can be rolled back.

    Why: with `revisionHistoryLimit: 0` there is nothing that `kubectl rollout undo` could go back to.
    Fix: leave `revisionHistoryLimit` out (ten are kept) or set it to two or more.
    Peers: none.
    Source: Kubernetes, "Deployments", clean up policy:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#clean-up-policy
    """
    for workload in workloads.long_running():
        if workload.kind in {"Deployment", "StatefulSet", "DaemonSet", "Rollout"}:
            written = workload.resource.node.integer("spec", "revisionHistoryLimit")
            kept = _DEFAULT if written is None else written
            yield workload.at("spec", "revisionHistoryLimit").expect(
                kept >= minimum, f"keeps {kept} old revisions, wants {minimum}"
            )
