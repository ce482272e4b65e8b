from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation, Page
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads

_TIME = ("rto", "recovery time")
_LOSS = ("rpo", "recovery point")


@check(Severity.MEDIUM)
def disaster_recovery(documentation: Documentation, workloads: Workloads, service: ServiceSettings) -> Findings:
    """A plan says how long recovery from a disaster may take, and how much data may be lost.

    Why: without the two numbers nobody can say whether the backups are often enough, or whether the restore is fast
    enough.
    Fix: write `docs/disaster-recovery.md` with the recovery time and the recovery point objective, the steps, and the
    last drill.
    A service of tier 3 needs none.
    Peers: none.
    Source: AWS Well-Architected, REL13-BP01 (define recovery objectives):
    https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_objective_defined_recovery.html
    """
    if not workloads or service.tier > 2:
        return
    plans = documentation.about("disaster", "recovery", "business-continuity", "/dr.md")
    plans = plans or [p for p in documentation.pages.values() if p.heading("disaster", "recovery objective", "backup")]
    if not plans:
        yield documentation.repository.at("disaster recovery").expect(
            ok=False, message="there is no plan for a disaster, wants docs/disaster-recovery.md"
        )
        return
    missing = [name for name, words in (("RTO", _TIME), ("RPO", _LOSS)) if not any(_states(p, words) for p in plans)]
    said = f"does not state {' and '.join(missing)}" if missing else "states both objectives"
    yield plans[0].at("objectives", 1).expect(not missing, f"{said}, wants RTO and RPO", missing=missing)


def _states(page: Page, words: tuple[str, ...]) -> bool:
    """Whether the page has one of these as a word of its own."""
    plain = f" {''.join(c if c.isalnum() else ' ' for c in page.words)} "
    return any(f" {word} " in plain for word in words)
