from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import ServiceSettings
from readiness.facts.tenancy import at_label, label_of
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def tier(
    workloads: Workloads,
    settings: ServiceSettings,
    *,
    labels: Annotated[tuple[str, ...], "labels or annotations that name the tier", Stricter.MORE] = (
        "tier",
        "service-tier",
    ),
) -> Findings:
    """The tier on every workload is the one that the settings declare.

    Why: the tier decides what is asked of the service and how fast somebody comes; two answers mean that one group is
        wrong about it.
    Fix: correct the label, or `tier` in the settings.
    Peers: none.
    Source: Google, "Site Reliability Engineering", "Service Level Objectives":
        https://sre.google/sre-book/service-level-objectives/
    """
    if not settings.environment:
        return  # the settings name none: nothing to compare with
    for workload in workloads:
        found = label_of(workload.resource, labels)
        if found is not None:
            name, value = found
            number = value.lower().removeprefix("tier").strip("-_ ")
            if number.isdecimal():  # `tier: backend` speaks of something else
                yield at_label(workload.resource, name).expect(
                    number == str(settings.tier), f"says tier {number}, wants {settings.tier} as in the settings"
                )
