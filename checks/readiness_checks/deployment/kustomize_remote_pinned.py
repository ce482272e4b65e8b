from readiness import Findings, Severity, check
from readiness.facts.charts import Kustomizations


@check(Severity.HIGH)
def kustomize_remote_pinned(kustomizations: Kustomizations) -> Findings:
    """Every remote base of a kustomization is pinned to a tag or commit.

    Why: the owner of the other repository can change what is deployed here, by accident or on purpose, with no review.
    Fix: put `?ref=` with a tag or, better, a commit behind the address, or copy the base into this repository.
    Peers: none.
    Source: Kustomize, remote targets:
        https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md
    """
    for kustomization in kustomizations:
        for reference in kustomization.references():
            if reference.remote:
                yield reference.node.expect(
                    reference.pinned, f"takes {reference.text[:150]}, wants a tag or commit in `?ref=`"
                )
