from readiness import Findings, Severity, check
from readiness.facts.charts import Kustomizations

_INSTEAD = {
    "bases": "resources",
    "commonLabels": "labels",
    "imageTags": "images",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
    "vars": "replacements",
}


@check(Severity.LOW)
def kustomize_deprecated_fields(kustomizations: Kustomizations) -> Findings:
    """No kustomization uses a field that Kustomize has deprecated.

    Why: a later kubectl or Argo CD brings a Kustomize without it; `commonLabels` also changes selectors, which
        cannot be changed on a running workload.
    Fix: run `kustomize edit fix`, or write the field named in the finding.
    Peers: none; kustomize build warns.
    Source: Kustomize, reference of the kustomization file:
        https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
    """
    for kustomization in kustomizations:
        found = [field for field in _INSTEAD if kustomization.node.get(field).exists]
        for field in found:
            yield kustomization.node.at(field).expect(False, f"uses {field}, wants {_INSTEAD[field]}")
        if not found:
            yield kustomization.node.expect(True, "uses no deprecated field")
