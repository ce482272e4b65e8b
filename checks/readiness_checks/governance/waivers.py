from datetime import timedelta
from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import Now
from readiness.facts.waivers import Waivers, WaiverState


@check(Severity.MEDIUM)
def waivers(
    waivers: Waivers,
    now: Now,
    *,
    longest: Annotated[int, "days until a waiver must be looked at again", Stricter.LOWER] = 180,
) -> Findings:
    """Every waiver is complete, in force, used, and ends soon.

    Why: a waiver that outlives its reason hides the next fault of the same kind from everybody.
    Fix: delete a waiver that is unused or expired; renew one that is still needed, with a reason and a date within
        reach.
    Peers: none
    Source: NIST SP 800-53 CA-5, plan of action and milestones: accepted weaknesses have an owner and a date.
    """
    today = now.utc.date()
    for record in waivers:
        if record.state is WaiverState.IDLE:
            continue
        severity = Severity.LOW if record.state is WaiverState.UNUSED else None
        said = {
            WaiverState.UNUSED: "covers nothing that is found, wants to be deleted",
            WaiverState.EXPIRED: f"expired on {record.expires}, wants to be renewed or deleted",
            WaiverState.FORBIDDEN: f"is owned by {record.owner}, who may not waive here",
            WaiverState.MALFORMED: record.fault,
        }.get(record.state)
        if said:
            yield record.at.expect(False, said, severity=severity, state=record.state.value)
            continue
        too_long = record.expires is not None and record.expires - today > timedelta(days=longest)
        yield record.at.expect(not too_long, f"runs until {record.expires}, wants at most {longest} days")
