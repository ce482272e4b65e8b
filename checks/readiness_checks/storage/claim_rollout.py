from readiness import Findings, Severity, check
from readiness.facts.rollouts import rolling_update
from readiness.facts.storage import Claims


@check(Severity.MEDIUM)
def claim_rollout(claims: Claims) -> Findings:
    """A Deployment whose volume fits one node stops its pod before it starts the next one.

    Why: a rolling update starts the new pod first; put on another node, it waits for a volume that the old one does not
    let go, and the rollout hangs.
    Fix: use a StatefulSet; or set `strategy.type: Recreate`, which is an outage at each release and wants a waiver.
    Peers: none.
    Source: Kubernetes, "Persistent Volumes", access modes:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
    """
    for claim in claims:
        if not claim.exclusive:
            continue
        for _, workload in claims.mounting(claim):
            if workload.kind in {"Deployment", "Rollout"} and workload.effective_replicas == 1:
                update = rolling_update(workload, 1)
                surge = update.surge if update else 0
                said = f"starts {surge} pod beside the old one" if surge else "stops the old pod first"
                place = update.node.at("maxSurge") if update else workload.at("spec", "strategy")
                yield place.expect(
                    not surge, f"{said} with {claim.title} ({'/'.join(claim.access_modes)}), wants to stop it first"
                )
