from readiness import Findings, Rendered, Severity, check
from readiness.facts.storage import Claims


@check(Severity.MEDIUM)
def storage_class(claims: Rendered[Claims]) -> Findings:
    """Every claim names its storage class.

    Why: without a name the cluster's default decides: another disk in another cluster, and none at all where there is
    no default.
    Fix: set `storageClassName`; the empty string says that no volume is to be made.
    Peers: troubleshoot.sh storageClass.
    Source: Kubernetes, "Persistent Volumes", class:
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
    """
    for claim in claims:
        name = claim.storage_class
        said = "leaves its storage class to the cluster" if name is None else f"has storage class {name or 'none'}"
        yield claim.at("spec", "storageClassName").expect(name is not None, f"{claim.title} {said}, wants one by name")
