from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.objectives import OBJECTIVE_KINDS, FileObjectives, ObjectObjectives, objectives
from readiness.facts.repository import FileKind
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def slo(
    workloads: Rendered[Workloads],
    objects: Rendered[ObjectObjectives] | None,
    files: FileObjectives | None,
    settings: ServiceSettings,
    *,
    days: Annotated[int, "days that an objective must span", Stricter.HIGHER] = 7,
) -> Findings:
    """The service has a service level objective, of a share below 100 % over a week or more.

    Why: without one nobody can say whether an outage was bad or a release too risky; 100 % leaves no room to
        change anything.
    Fix: write an OpenSLO, Sloth or Pyrra file with an objective such as 99.9 % over 28 days.
    Peers: none; asked for by Mercari's and Google's readiness reviews.
    Source: Google, "The Site Reliability Workbook", implementing SLOs: https://sre.google/workbook/implementing-slos/
    """
    if not any(True for _ in workloads.long_running()):
        return
    found = list(objectives(objects, files))
    if not found:
        yield settings.at("slo").expect(
            False, "has no service level objective, wants one", absence=(*OBJECTIVE_KINDS, FileKind.MONITORING.value)
        )
    for objective in found:
        faults = []
        if objective.percent is None or not 0 < objective.percent < 100:
            said = "no share" if objective.percent is None else f"{objective.percent:g} %"
            faults.append(f"promises {said}, wants more than 0 and less than 100 %")
        if objective.seconds is None or objective.seconds < days * 86400:
            said = "no window" if objective.seconds is None else f"{objective.seconds / 86400:g} days"
            faults.append(f"spans {said}, wants {days} days or more")
        for fault in faults:
            yield objective.node.expect(False, f"objective {objective.name}: {fault}")
        if not faults:
            yield objective.node.expect(True, f"objective {objective.name}: promises {objective.percent:g} %")
