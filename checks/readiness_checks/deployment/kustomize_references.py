from readiness import Findings, Severity, check
from readiness.facts.charts import Kustomizations


@check(Severity.HIGH)
def kustomize_references(kustomizations: Kustomizations) -> Findings:
    """Every file that a kustomization names is in the repository.

    Why: the overlay builds on the machine that has the file, and fails in the pipeline on the day of the release.
    Fix: commit the file, correct the path, or remove the entry.
    Peers: kustomize build.
    Source: Kustomize, reference of the kustomization file:
        https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
    """
    for kustomization in kustomizations:
        for reference in kustomization.references():
            path = None if reference.remote else kustomization.resolve(reference)
            if path is None:
                continue
            there = kustomizations.holds(path)
            yield reference.node.expect(
                there,
                f"{reference.field} name {reference.text[:100]}"
                + ("" if there else ", which is not in the repository"),
            )
