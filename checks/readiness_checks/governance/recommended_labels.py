from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def recommended_labels(
    workloads: Workloads,
    *,
    labels: Annotated[tuple[str, ...], "the last parts of app.kubernetes.io/ labels", Stricter.MORE] = (
        "name",
        "instance",
        "version",
        "part-of",
        "managed-by",
    ),
) -> Findings:
    """Every workload carries the labels that Kubernetes recommends.

    Why: dashboards, Helm, Argo CD and every tool that shows an application as a whole find its parts by these labels.
    Fix: add `app.kubernetes.io/name`, `instance`, `version`, `part-of` and `managed-by` to `metadata.labels`.
    Peers: Kubescape C-0077.
    Source: Kubernetes, "Recommended Labels":
        https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    for workload in workloads:
        lacking = [name for name in labels if not workload.resource.labels.get(f"app.kubernetes.io/{name}")]
        said = f"lacks app.kubernetes.io/{', '.join(lacking)}" if lacking else "carries the recommended labels"
        yield workload.at("metadata", "labels").expect(not lacking, f"{said}, wants all of them", lacking=lacking)
