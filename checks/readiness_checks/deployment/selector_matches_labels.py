from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.CRITICAL)
def selector_matches_labels(workloads: Workloads) -> Findings:
    """Every workload's selector matches the labels of its own pods.

    Why: the API server refuses a workload that would not find the pods it makes.
    Fix: repeat the labels of `spec.selector.matchLabels` in `spec.template.metadata.labels`.
    Peers: kube-score deployment-pod-selector-labels-match-template-metadata-labels, kube-linter mismatching-selector,
        Kubescape C-0296.
    Source: Kubernetes, "Deployments", selector:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
    """
    for workload in workloads:
        selector = workload.selector
        written = workload.resource.get("spec", "selector").exists
        if not workload.long_running or selector is None or not written:
            continue  # an old ReplicationController takes the labels of its pods
        if selector.empty:
            yield workload.at("spec", "selector").expect(False, "selects everything, wants labels of its own pods")
            continue
        labels = ", ".join(f"{k}={v}" for k, v in workload.labels.items()) or "no labels"
        fits = selector.matches(workload.labels)
        said = "its pods carry" if fits else "its pods carry only"
        yield workload.at("spec", "selector").expect(
            fits, f"selects {selector}; {said} {labels}", selector=str(selector), labels=dict(workload.labels)
        )
