"""After the switch, the way back: the old colour is selected again, and the release that was gone back from goes."""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.deeds.did import OK, TICK, Did
from readiness_deploy.deeds.judgements import asked_back, ending_of, in_flight, unwell, view_of, without_rejected
from readiness_deploy.ports import World
from readiness_deploy.record import Intent
from readiness_deploy.states import Event, Goal, Phase, other


def roll_back(world: World, wanted: Intent | None, why: str) -> Did:
    """Select the old colour again: one conditional write that asks nothing of the new one."""
    seen = world.route.observe()
    record = seen.record
    intent = record.intent or wanted
    back = record.previous
    if intent is None or back is None:
        return Did(Event.FAILED, f"there is no earlier release to go back to; {why}")
    by_request = wanted is not None and wanted.goal is Goal.ROLLBACK and record.intent is None
    if not by_request and intent.release.data_unsafe and not asked_back(seen):
        return Did(Event.FAILED, f"the release is declared unsafe to take back, since its data may be new; {why}")
    view, target = view_of(seen, back), record.slots.get(back)
    if not view.ready or target is None or view.release != target.id:
        if by_request:
            # The release that serves is well: it is not held because the other one is not; it goes the long way.
            return Did(Event.CONFLICT, f"the earlier release does not stand by any more: {view.why or view.standing}")
        return Did(Event.FAILED, f"the release to go back to is not ready ({view.why or view.standing}); {why}")
    reason = why or intent.reason
    world.route.write(
        record.but(
            phase=Phase.RETURNING,
            selected=back,
            previous=None,
            intent=replace(intent, ending=reason, ends_as="requested" if by_request or asked_back(seen) else "failed"),
            retire_after=None,
        )
    )
    world.journal.note("returned", run=intent.run, release=target.id, colour=back, why=reason)
    return OK


def give_back(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """See the traffic arrive where it was, then take the other release away."""
    record = world.route.observe().record
    intent, back = in_flight(record, None), record.selected
    target = record.serving()
    if back is None or target is None:
        return Did(Event.FAILED, "nothing is selected")
    if not _settled(world, intent, target.id) and (fault := unwell(world.route.observe(), back)):
        # What is taken away now might be the only one that still answers.
        return Did(Event.FAILED, f"the release that was gone back to fails as well: {fault}")
    world.colours.stop(other(back))
    record = world.route.observe().record
    if record.phase is Phase.RETURNING:
        requested = intent.ends_as == "requested"
        ending = ending_of(world, intent, "rolled-back", intent.ending, by_request=requested)
        slots = without_rejected(record)
        if intent.displaced is not None and intent.displaced.id != intent.release.id:
            # It does not stand by any more. But it is what the release that serves again would be gone back from to.
            slots[other(back)] = intent.displaced
        world.route.write(record.but(phase=Phase.STABLE, intent=None, last=ending, slots=slots))
    world.journal.note("rolled back", run=intent.run, why=intent.ending)
    return OK


def _settled(world: World, intent: Intent, release: str) -> bool:
    """Wait, within bounds, until the entry answers from the old release: what is taken away must not be asked."""
    streak, deadline = 0, world.clock.now() + intent.bake.converge
    while streak < intent.bake.identities and world.clock.now() < deadline:
        world.route.observe()  # the keeper ends a guard that it does not hear for long
        streak = streak + 1 if world.entry.identity() == release else 0
        if not streak:
            world.clock.sleep(TICK)
    if streak < intent.bake.identities:
        world.journal.note("return not seen", release=release)
    return streak >= intent.bake.identities
