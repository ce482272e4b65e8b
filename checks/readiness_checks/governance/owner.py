from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import ServiceSettings
from readiness.facts.tenancy import at_label, label_of
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def owner(
    workloads: Workloads,
    settings: ServiceSettings,
    *,
    labels: Annotated[
        tuple[str, ...], "labels or annotations that name the owner, the first found counts", Stricter.FEWER
    ] = (
        "owner",
        "team",
        "app.kubernetes.io/owner",
        "app.kubernetes.io/team",
        "backstage.io/owner",
    ),
) -> Findings:
    """Every workload says who owns it, and the settings say the same.

    Why: at three in the morning the label of the failing pod is what tells whom to call.
    Fix: label the workload `owner: TEAM`, with the owner that the settings name.
    Peers: kube-linter required-label-owner, Kubescape C-0076, Polaris (custom check).
    Source: Kubernetes, "Labels and Selectors":
        https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
    """
    for workload in workloads:
        found = label_of(workload.resource, labels)
        if found is None:
            yield workload.at("metadata", "labels").expect(
                False, f"names no owner, wants the label {labels[0] if labels else 'owner'}"
            )
        else:
            name, value = found
            good = not settings.owner or value == settings.owner
            wanted = settings.owner or "an owner"
            yield at_label(workload.resource, name).expect(good, f"is owned by {value}, wants {wanted}", owner=value)
