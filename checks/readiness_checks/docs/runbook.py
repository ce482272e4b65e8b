from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.documentation import Documentation, Page
from readiness.facts.settings import Now, ServiceSettings
from readiness.facts.workloads import Workloads

_PARTS = {
    "symptoms": ("symptom", "alert", "detect", "impact", "signs"),
    "diagnosis": ("diagnos", "investigat", "debug", "troubleshoot", "triage", "analysis"),
    "rollback": ("rollback", "roll back", "roll-back", "mitigat", "recover", "remed", "resol", "repair"),
    "escalation": ("escalat", "contact", "on-call", "on call", "who to call"),
}


@check(Severity.MEDIUM)
def runbook(
    documentation: Documentation,
    workloads: Workloads,
    service: ServiceSettings,
    now: Now,
    *,
    days: Annotated[int, "days since somebody changed it, at most", Stricter.LOWER] = 180,
) -> Findings:
    """A runbook says what to do when the service fails, and somebody has kept it up to date.

    Why: the outage is the wrong moment to find out how a rollback goes and whom to call.
    Fix: write `docs/runbook.md` with the symptoms, the diagnosis, the rollback and the escalation; go through it in
    each drill.
    Peers: none.
    Source: Google SRE, "Being On-Call": https://sre.google/sre-book/being-on-call/
    """
    if not workloads:
        return
    pages = documentation.about("runbook", "run-book", "playbook")
    if not pages:
        severity = Severity.HIGH if service.tier == 1 else None
        yield documentation.repository.at("runbook").expect(
            ok=False, message="there is no runbook, wants docs/runbook.md", severity=severity
        )
        return
    missing = [part for part, words in _PARTS.items() if not any(page.heading(*words) for page in pages)]
    said = f"has no heading for {', '.join(missing)}" if missing else "has what is needed"
    yield pages[0].at("sections", 1).expect(not missing, f"{said}, wants all of {', '.join(_PARTS)}", missing=missing)
    age = _age(documentation, pages, now)
    if age is not None:
        yield (
            pages[0]
            .at("age", 1)
            .expect(age <= days, f"was changed {age} days ago, wants at most {days}", severity=Severity.LOW, age=age)
        )


def _age(documentation: Documentation, pages: list[Page], now: Now) -> int | None:
    """Days since one of the pages was changed; None where the history does not go back so far."""
    paths = {page.file.path for page in pages}
    for commit in documentation.repository.history or ():
        if not paths.isdisjoint(commit.paths):
            return (now.time - commit.when).days
    return None
