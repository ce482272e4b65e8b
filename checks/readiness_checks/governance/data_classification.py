from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tenancy import at_label, label_of
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def data_classification(
    workloads: Workloads,
    *,
    label: Annotated[str, "the label or annotation that names the class of data"] = "data-classification",
    classes: Annotated[tuple[str, ...], "classes that the organisation knows", Stricter.FEWER] = (
        "public",
        "internal",
        "confidential",
        "restricted",
        "secret",
        "pii",
        "pci",
        "phi",
    ),
) -> Findings:
    """The class of data on every workload is one that the organisation knows.

    Why: a misspelt class falls through every rule that is made for it.
    Fix: write one of the known classes, or add the class to the check's setting `classes`.
    Peers: none.
    Source: ISO/IEC 27001:2022, annex A 5.12 and 5.13: https://www.iso.org/standard/27001
    """
    for workload in workloads:
        found = label_of(workload.resource, [label])
        if found is not None:
            good = found[1].lower() in classes
            yield at_label(workload.resource, label).expect(
                good, f"says the class of data {found[1]}, wants one of {', '.join(classes)}"
            )
