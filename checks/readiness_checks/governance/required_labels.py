from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.tenancy import label_of
from readiness.facts.workloads import Workloads

_ALL = ("cost-center|cost-centre", "data-classification", "tier", "env|environment")


@check(Severity.MEDIUM)
def required_labels(
    workloads: Workloads,
    *,
    labels: Annotated[
        tuple[str, ...],
        "labels or annotations to carry; `a|b` means either",
        Stricter.MORE,
        PerEnvironment(production=_ALL, staging=_ALL, development=("env|environment",)),
    ] = _ALL,
) -> Findings:
    """Every workload carries the labels that the organisation asks for.

    Why: cost reports, audits, alert routing and backup rules select by these labels; what lacks one is left out of
        all of them.
    Fix: add the labels to `metadata.labels`, best in the chart's or the overlay's common labels.
    Peers: kube-linter required-label (custom), Polaris (custom check), Kubescape C-0076.
    Source: FinOps Foundation, "Allocation": https://www.finops.org/framework/capabilities/allocation/
    """
    for workload in workloads:
        lacking = [label for label in labels if label_of(workload.resource, label.split("|")) is None]
        said = f"lacks {', '.join(label.partition('|')[0] for label in lacking)}" if lacking else "carries them all"
        yield workload.at("metadata", "labels").expect(
            not lacking, f"{said}, wants {', '.join(label.partition('|')[0] for label in labels)}", lacking=lacking
        )
