"""What a person may ask of a rollout, as changes of its record: approve, withdraw, decide what is held, freeze.

Each returns nothing where it was written, and raises Refused with a sentence where the record does not allow it. Who
walks afterwards finds in the record what to do.
"""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.deeds.judgements import kept
from readiness_deploy.ports import ColourView, Observation, World
from readiness_deploy.record import Freeze, Intent, Record
from readiness_deploy.states import MOVED, Phase


class Refused(Exception):
    """What was asked does not fit what is so. The text says why, and what would."""


def approve(world: World, by: str, plan: str = "", reason: str = "") -> None:
    """Let the candidate that waits go on. Its gates run again first. With `plan`, only if that is its hash.

    Where it waits because a gate could not tell, a reason is wanted: it is recorded that the gate was overruled.
    """
    record = world.route.observe().record
    intent = _in_flight(record)
    if record.phase is not Phase.AWAITING:
        raise Refused(f"nothing waits for an approval: the run is {record.phase.value}")
    if plan and not intent.plan.startswith(plan):
        raise Refused(f"the approval is for plan {plan}, what waits is plan {intent.plan}")
    if intent.doubt and not reason:
        raise Refused(f"a gate could not tell ({intent.doubt}): to go on nevertheless, give a reason")
    if intent.by and intent.by == by and intent.approval == "required":
        world.journal.note("approved by its author", by=by, run=intent.run)
    approved = replace(
        intent,
        approval="given" if intent.approval == "required" else intent.approval,
        approved_by=by,
        doubt="",
        despite=reason if intent.doubt else "",
    )
    world.route.write(record.but(phase=Phase.PREPARING, intent=approved))
    world.journal.note("approved", run=intent.run, by=by, reason=reason)


def withdraw(world: World, by: str, reason: str = "") -> None:
    """Have a run that has not moved anything taken back; who walks next takes the candidate away."""
    record = world.route.observe().record
    intent = _in_flight(record)
    said = f"{by} withdrew it" + (f": {reason}" if reason else "")
    if record.phase is Phase.ABORTING:
        return
    if record.phase not in (Phase.PREPARING, Phase.AWAITING) and not (
        record.phase is Phase.HELD and record.selected != intent.colour
    ):
        raise Refused(f"the run is {record.phase.value}: it has moved the traffic; ask for a rollback")
    intent = replace(intent, ending=said, ends_as="aborted", doubt="")
    world.route.write(record.but(phase=Phase.ABORTING, held="", intent=intent))


def keep_it(world: World, by: str, reason: str) -> None:
    """A held run whose release serves is declared good by a person."""
    record = world.route.observe().record
    intent = _held(record)
    if record.selected != intent.colour:
        raise Refused("the release of the held run does not serve; abort it, or resume it")
    if not reason:
        raise Refused("to accept what no gate could prove, give a reason (`promote --reason …`)")
    world.route.write(kept(world, record, intent, f"{by} accepted it: {reason}"))


def send_back(world: World, by: str, reason: str = "") -> None:
    """A held run whose release serves goes back to the release before it, if that one is ready."""
    seen = world.route.observe()
    record = seen.record
    intent = _held(record)
    back = record.previous
    if record.selected != intent.colour or back is None:
        raise Refused(
            "there is no release before the one that serves: `promote --reason …` keeps it, and then another version "
            "can be deployed; `resume` watches it again"
        )
    _must_be_ready(seen, back)
    said = f"{by} sent it back" + (f": {reason}" if reason else "")
    world.route.write(
        record.but(
            phase=Phase.RETURNING,
            selected=back,
            previous=None,
            held="",
            retire_after=None,
            intent=replace(intent, ending=said, ends_as="requested"),
        )
    )


def go_on(world: World) -> None:
    """A held run is tried again from where it is: what serves is proven and watched anew. A candidate that waits since
    a gate could not tell is asked again."""
    record = world.route.observe().record
    if record.phase is Phase.AWAITING and record.intent is not None and record.intent.doubt:
        world.route.write(record.but(phase=Phase.PREPARING, intent=replace(record.intent, doubt="")))
        world.journal.note("asked again", run=record.intent.run, why=record.intent.doubt)
        return
    intent = _held(record)
    if intent.ends_as in ("failed", "requested"):
        phase = Phase.RETURNING
    elif intent.ends_as:
        phase = Phase.ABORTING
    else:
        phase = Phase.CONVERGING if record.selected == intent.colour else Phase.PREPARING
    world.route.write(record.but(phase=phase, held=""))


def freeze(world: World, owner: str, reason: str) -> None:
    """Stop deploys until somebody lifts it. Rollbacks stay possible."""
    record = world.route.observe().record
    world.route.write(record.but(freeze=Freeze(reason=reason, owner=owner, since=world.clock.stamp())))


def unfreeze(world: World) -> Freeze | None:
    """Lift the freeze; returns what it was."""
    record = world.route.observe().record
    if record.freeze:
        world.route.write(record.but(freeze=None))
    return record.freeze


def _in_flight(record: Record) -> Intent:
    if record.intent is None:
        raise Refused("no run is in flight")
    if record.phase in MOVED:
        raise Refused(f"the run is {record.phase.value}: ask who watches it for a promotion or a rollback")
    return record.intent


def _held(record: Record) -> Intent:
    if record.phase is not Phase.HELD or record.intent is None:
        raise Refused("nothing is held")
    return record.intent


def _must_be_ready(seen: Observation, colour: str) -> None:
    view = next((v for c, v in seen.colours.items() if c == colour), ColourView())
    if not view.ready:
        raise Refused(
            f"the release to go back to is not ready ({view.why or view.standing.value}): `resume` proves anew what "
            "serves, `promote --reason …` keeps it; after that, `rollback` starts the other one again"
        )
