"""Before the switch, what a candidate needs: a plan that holds, its intent on record, a schema for both releases."""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.deeds.did import OK, TICK, Did
from readiness_deploy.deeds.judgements import free_colour, in_flight, meant, view_of
from readiness_deploy.ports import Lost, Observation, Patience, SchemaView, Standing, Unfit, World
from readiness_deploy.record import Intent, Record
from readiness_deploy.states import Event, Goal, Phase

PROOFS = 3
"""Readiness probes in a row that the old release answers well on the new schema."""
PROVE_WITHIN = 30.0
ATTEMPTS = 3
"""How often a database that does not answer is asked."""


def plan(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Whether the plan still holds: nothing frozen, the release fit for the schema. Reads only."""
    seen = world.route.observe()
    intent = meant(seen.record, wanted)
    if stopped := world.interrupts.pending():
        return Did(Event.INTERRUPTED, stopped)
    if seen.record.freeze and intent.goal is Goal.DEPLOY:
        freeze = seen.record.freeze
        return Did(Event.FAILED, f"releases are frozen since {freeze.since} by {freeze.owner}: {freeze.reason}")
    if seen.record.intent is None and (fault := _outdated(seen.record, intent)):
        return Did(Event.FAILED, fault)
    # Who goes back is in a hurry, and does not depend on the answer.
    schema = _schema(world, ATTEMPTS if intent.goal is Goal.DEPLOY else 1)
    if isinstance(schema, str) and intent.goal is Goal.DEPLOY:
        return Did(Event.TIMEOUT, schema)
    # A floor seen once stays: a contract migration is never undone. The way back must not depend on the database.
    floor = {*(() if isinstance(schema, str) else schema.floor), *seen.record.floor}
    lacking = sorted(floor - set(intent.release.migrations))
    if lacking:
        return Did(
            Event.FAILED,
            f"release {intent.release.id} does not know the contract migration {lacking[-1]} that the database has: "
            "it is below the rollback floor",
        )
    unknown = sorted(set(intent.expand) - set(intent.release.migrations))
    if unknown:
        return Did(Event.FAILED, f"the plan wants to apply {unknown[0]}, which the release does not have")
    if seen.record.intent is None and _is_warm(seen, intent):
        return Did(Event.APPROVED, intent.reason)
    return OK


def _outdated(record: Record, intent: Intent) -> str:
    """What changed since the plan was made and agreed to; empty where it holds."""
    serving = record.serving()
    now = serving.id if serving else ""
    if intent.goal is not Goal.DEPLOY or intent.upon is None or intent.upon == now:
        return ""
    return f"the plan was made when {intent.upon or 'nothing'} served, and {now or 'nothing'} serves now: plan again"


def _is_warm(seen: Observation, intent: Intent) -> bool:
    """Whether a rollback is to a release that still stands by, so that one write is all it takes."""
    back = seen.record.previous
    if intent.goal is not Goal.ROLLBACK or back is None:
        return False
    view = view_of(seen, back)
    return view.ready and view.release == intent.release.id


def _schema(world: World, times: int = ATTEMPTS) -> SchemaView | str:
    """What the database has; where it does not say, asked `times` times, the reason."""
    why = ""
    for left in reversed(range(times)):
        try:
            return world.schema.observe()
        except (Lost, Unfit) as fault:
            why = str(fault)
            world.journal.note("database not seen", why=why)
            if left:
                world.clock.sleep(0.5)
    return f"the database cannot be asked which migrations it has: {why}"


def announce(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Write what is meant, before the first effect."""
    seen = world.route.observe()
    record = seen.record
    if record.intent is not None:
        if wanted is not None and record.intent.run != wanted.run:
            return Did(Event.CONFLICT, "another run is in flight")
        return OK
    if wanted is None:
        return Did(Event.CONFLICT, "there is no run to go on with")
    well = record.selected is not None and view_of(seen, record.selected).ready
    colour = free_colour(record)
    # What makes the record larger makes it so here: one that is too large is refused before the first effect.
    intent = replace(wanted, colour=colour, proves=well, displaced=record.slots.get(colour))
    world.route.write(record.but(phase=Phase.PREPARING, intent=intent, retire_after=None))
    world.journal.note("announced", run=intent.run, release=intent.release.id, colour=intent.colour)
    return OK


def expand(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Apply the expand migrations that are not applied yet, in order. What fails leaves those before it in place."""
    intent = in_flight(world.route.observe().record, wanted)
    if intent.goal is Goal.ROLLBACK and not intent.expand:
        # The way back does not depend on the database.
        return OK
    if fault := _claim(world):
        return Did(Event.TIMEOUT, fault)
    schema = _schema(world)
    if isinstance(schema, str):
        return Did(Event.TIMEOUT, schema)
    for migration in intent.expand:
        if migration in schema.applied:
            continue
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        # Whoever was ousted is refused by the record; the database may not have heard of the later epoch yet.
        in_flight(world.route.observe().record, wanted)
        did = _apply(world, migration)
        if did.event is not Event.OK:
            return did
    return OK


def _claim(world: World) -> str:
    """Have the database refuse whoever had the lock before: one that was stopped in its work may wake up. Why it could
    not be told; empty where it was."""
    why = ""
    for _ in range(ATTEMPTS):
        try:
            world.schema.claim()
        except (Lost, Patience, Unfit) as fault:
            why = str(fault)
            world.journal.note("database not told", why=why)
            world.clock.sleep(0.5)
        else:
            return ""
    return f"the database cannot be told who holds the lock: {why}"


def _apply(world: World, migration: str) -> Did:
    """One migration. Where the reply is lost, the ledger says at the next attempt whether it was applied."""
    world.journal.note("migrating", migration=migration)
    why = ""
    for _ in range(ATTEMPTS):
        try:
            world.schema.apply(migration)
        except Patience as fault:
            return Did(Event.TIMEOUT, f"migration {migration}: {fault}")
        except Unfit as fault:
            return Did(Event.FAILED, f"migration {migration}: {fault}")
        except Lost as fault:
            why = str(fault)
            world.journal.note("migration not seen to end", migration=migration, why=why)
            world.clock.sleep(0.5)
        else:
            world.journal.note("migrated", migration=migration)
            return OK
    return Did(Event.TIMEOUT, f"migration {migration}: {why}")


def prove(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The old release must still be ready on the new schema. One that was not ready before has nothing to prove: what
    is wrong with the release that runs must not stand in the way of the one that mends it."""
    seen = world.route.observe()
    old, intent = seen.record.selected, in_flight(seen.record, wanted)
    if old is None or not intent.expand:
        return OK
    if not intent.proves:
        world.journal.note("not proven", run=intent.run, why="the release that serves was not ready before")
        return OK
    before = view_of(seen, old).probes
    deadline = world.clock.now() + PROVE_WITHIN
    while True:
        view = view_of(world.route.observe(), old)
        if view.standing in (Standing.UNREADY, Standing.DEAD, Standing.ABSENT):
            said = f": {view.why}" if view.why else ""
            return Did(Event.FAILED, f"the release that serves is not ready on the new schema{said}")
        if view.ready and view.probes >= before + PROOFS and view.streak >= PROOFS:
            world.journal.note("proven", run=intent.run, release=view.release)
            return OK
        if world.clock.now() > deadline:
            return Did(Event.FAILED, f"the release that serves did not prove itself within {PROVE_WITHIN:g} s")
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        world.clock.sleep(TICK)
