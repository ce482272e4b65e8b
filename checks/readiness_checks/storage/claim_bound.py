from readiness import Findings, Live, Severity, check
from readiness.facts.storage import Claims


@check(Severity.HIGH)
def claim_bound(claims: Live[Claims]) -> Findings:
    """Every claim that a workload mounts has its volume.

    Why: a pod whose claim is not bound never starts; a lost claim has lost its data.
    Fix: look at the claim's events; mend the storage class, the size or the zone, or restore the volume.
    Peers: Popeye POP-1003 and POP-1004.
    Source: Kubernetes, "Persistent Volumes", binding:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
    """
    for claim in claims:
        mounted = bool(claims.mounting(claim)) or claims.maker(claim.namespace, claim.name) is not None
        # With WaitForFirstConsumer, a claim that nobody mounts is left pending on purpose.
        if claim.phase and (mounted or claim.phase != "Pending"):
            yield claim.at("status", "phase").expect(claim.phase == "Bound", f"is {claim.phase}, wants Bound")
