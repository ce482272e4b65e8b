from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.network import POLICY_KINDS, Policies
from readiness.facts.security import PodSpecs
from readiness.facts.tenancy import label_of


@check(Severity.HIGH)
def classified_data_isolated(
    pods: PodSpecs,
    policies: Policies,
    *,
    label: Annotated[str, "the label or annotation that names the class of data"] = "data-classification",
    classes: Annotated[tuple[str, ...], "classes of data that must not leave by chance", Stricter.MORE] = (
        "confidential",
        "restricted",
        "secret",
        "pii",
        "pci",
        "phi",
    ),
) -> Findings:
    """Workloads with confidential data are isolated by network policies both ways.

    Why: for such data an open way out is a leak waiting for a fault, and an open way in is an access nobody logs;
        audits ask for both.
    Fix: select the pods by NetworkPolicies for Ingress and Egress that name every peer.
    Peers: none.
    Source: PCI DSS 4.0, requirement 1.3, and ISO/IEC 27001:2022, annex A 8.22:
        https://www.pcisecuritystandards.org/document_library/
    """
    for pod in pods:
        found = label_of(pod.workload.resource, [label])
        if found is not None and found[1].lower() in classes:
            open_ways = [way for way in ("ingress", "egress") if not policies.isolating(pod.workload, way)]
            open_ways = ["ingress", "egress"] if pod.host_network else open_ways
            said = f"is open for {' and '.join(open_ways)}" if open_ways else "is isolated both ways"
            yield pod.workload.at().expect(
                not open_ways,
                f"holds {found[1]} data and {said}, wants network policies both ways",
                absence=POLICY_KINDS,
            )
