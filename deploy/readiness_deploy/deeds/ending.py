"""How a run ends, but for the way back: committed, held for a person, or cleared away before it ever served."""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.deeds.did import OK, Deed, Did
from readiness_deploy.deeds.judgements import ending_of, in_flight, is_foreign, kept, whose
from readiness_deploy.ports import Lost, World
from readiness_deploy.record import Intent
from readiness_deploy.states import MOVED, Event, Goal, Phase


def commit(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The new release is the stable one."""
    record = world.route.observe().record
    intent = in_flight(record, None)
    world.route.write(kept(world, record, intent, why))
    what = "rolled back" if intent.goal is Goal.ROLLBACK else "committed"
    world.journal.note(what, run=intent.run, release=intent.release.id)
    return OK


def retire(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Let the old colour go when its time is over. Cosmetic: what fails here is done by a later run."""
    record = world.route.observe().record
    if record.phase is Phase.STABLE and record.previous and record.retire_after is not None:
        try:
            world.colours.retire(record.previous, record.retire_after)
        except Lost as fault:
            world.journal.note("not retired", why=str(fault))
    return OK


def hold(world: World, wanted: Intent | None, why: str) -> Did:
    """No road is safe: say so, leave everything as it is, and wait for a person."""
    seen = world.route.observe()
    if seen.record.phase is Phase.HELD:
        return OK
    if is_foreign(seen):
        found = ", ".join(sorted(seen.actual)) or "nothing"
        why = f"the route selects {found}, the record says {seen.record.selected or 'nothing'}: somebody else wrote"
        world.journal.note("held", why=why)
        return Did(Event.OK, why)
    world.route.write(seen.record.but(phase=Phase.HELD, held=why or "a person is needed"))
    world.journal.note("held", run=whose(seen.record, wanted), why=why)
    return OK


def clear(word: str) -> Deed:
    """Take a candidate away that never served, and say how its run ended."""

    def deed(world: World, wanted: Intent | None, why: str) -> Did:
        record = world.route.observe().record
        intent = record.intent
        if intent is None:
            # Nothing was announced, so there is nothing to take away.
            return Did(Event.OK, why)
        if record.phase in MOVED:
            return Did(Event.CONFLICT, "the route has moved meanwhile")
        if record.phase is not Phase.ABORTING:
            if word == "superseded" and wanted is not None:
                why = f"run {wanted.run} took its place"
            intent = replace(intent, ending=why, ends_as=word)
            record = record.but(phase=Phase.ABORTING, intent=intent)
            world.route.write(record)
        world.colours.stop(intent.colour)
        record = world.route.observe().record
        if record.phase is Phase.ABORTING:
            world.route.write(
                record.but(
                    phase=Phase.STABLE,
                    intent=None,
                    last=ending_of(world, intent, intent.ends_as or word, intent.ending),
                )
            )
        world.journal.note(word, run=intent.run, why=intent.ending)
        return Did(Event.OK, intent.ending)

    return deed
