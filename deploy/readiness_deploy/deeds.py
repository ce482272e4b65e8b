"""What is done in each state. Each deed looks, decides, writes conditionally, and says what came of it.

A deed may be cut short at any point and done again from its beginning: by this process, or by another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from readiness_deploy.ports import (
    ColourView,
    Lost,
    Observation,
    Patience,
    SchemaView,
    Series,
    Standing,
    Subject,
    Unfit,
    Verdict,
    World,
)
from readiness_deploy.record import Ending, Intent, Record, Release
from readiness_deploy.states import MOVED, Colour, Event, Goal, Phase, State, other

TICK = 0.05
"""Seconds between two looks of a deed that waits."""
PROOFS = 3
"""Readiness probes in a row that the old release answers well on the new schema."""
PROVE_WITHIN = 30.0
ATTEMPTS = 3
"""How often a database that does not answer is asked."""
EVIDENCE = 10.0
"""Seconds of watching, at most, that a bake needs which another process began."""
UNSEEN_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Did:
    """What came of a deed, and why."""

    event: Event
    why: str = ""


OK = Did(Event.OK)
Deed = Callable[[World, Intent | None, str], Did]


def plan(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Whether the plan still holds: nothing frozen, the release fit for the schema. Reads only."""
    seen = world.route.observe()
    intent = _meant(seen.record, wanted)
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
    view = _view(seen, back)
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
    well = record.selected is not None and _view(seen, record.selected).ready
    intent = replace(wanted, colour=_free(record), proves=well)
    world.route.write(record.but(phase=Phase.PREPARING, intent=intent, retire_after=None))
    world.journal.note("announced", run=intent.run, release=intent.release.id, colour=intent.colour)
    return OK


def expand(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Apply the expand migrations that are not applied yet, in order. What fails leaves those before it in place."""
    intent = _mine(world.route.observe().record, wanted)
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
        _mine(world.route.observe().record, wanted)
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
    old, intent = seen.record.selected, _mine(seen.record, wanted)
    if old is None or not intent.expand:
        return OK
    if not intent.proves:
        world.journal.note("not proven", run=intent.run, why="the release that serves was not ready before")
        return OK
    before = _view(seen, old).probes
    deadline = world.clock.now() + PROVE_WITHIN
    while True:
        view = _view(world.route.observe(), old)
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


def provision(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Have the candidate run in the free slot, until it has been ready for long enough without a restart."""
    intent = _mine(world.route.observe().record, wanted)
    view = _view(world.route.observe(), intent.colour)
    if view.release == intent.release.id and (view.restarts or view.standing is Standing.UNREADY):
        # It served before, and stood by: what happened to it then says nothing of a fresh process, nor helps it.
        world.colours.stop(intent.colour)
    world.colours.start(intent.colour, intent.release)
    deadline = world.clock.now() + intent.ready_within
    while True:
        seen = world.route.observe()
        if _taken_over(seen, intent):
            return _GONE
        view = _view(seen, intent.colour)
        if view.release == intent.release.id:
            if view.restarts or view.standing is Standing.DEAD:
                return Did(Event.FAILED, f"the candidate does not stay up: {view.why or f'{view.restarts} restarts'}")
            if view.ready and view.ready_for >= intent.min_ready:
                return OK
        if world.clock.now() > deadline:
            said = f": {view.why}" if view.why else ""
            return Did(Event.TIMEOUT, f"the candidate was not ready within {intent.ready_within:g} s{said}")
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        world.clock.sleep(TICK)


def verify(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The gates before the switch, on the candidate itself. They run anew each time: old answers prove nothing."""
    intent = _mine(world.route.observe().record, wanted)
    subject = Subject(release=intent.release, colour=intent.colour, before=True, duration=intent.ready_within)
    series = world.gates.begin(intent.before, subject)
    deadline = world.clock.now() + intent.ready_within
    try:
        while True:
            verdict = series.poll()
            if verdict is None and world.clock.now() > deadline:
                verdict = series.finish()
            if verdict is not None:
                return _judged(verdict, series, intent)
            seen = world.route.observe()
            if _taken_over(seen, intent):
                return _GONE
            view = _view(seen, intent.colour)
            if not view.ready or view.restarts:
                return Did(Event.FAILED, f"the candidate lost its readiness under its gates: {view.why}")
            if stopped := world.interrupts.pending():
                return Did(Event.INTERRUPTED, stopped)
            world.clock.sleep(TICK)
    finally:
        series.close()


_GONE = Did(Event.CONFLICT, "another run took the place of this one")


def _taken_over(seen: Observation, intent: Intent) -> bool:
    """Whether this run is no longer the one in flight: waiting on would be for nobody."""
    return seen.record.intent is None or seen.record.intent.run != intent.run


def doubt(world: World, wanted: Intent | None, why: str) -> Did:
    """The gates could not tell: the candidate stays ready, and a person decides."""
    return _await(world, wanted, why or "a gate could not tell")


def approve(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Whether somebody has to agree, and has."""
    intent = _mine(world.route.observe().record, wanted)
    if intent.approval in ("none", "given"):
        return Did(Event.APPROVED)
    return _await(world, wanted, "")


def _await(world: World, wanted: Intent | None, doubt: str) -> Did:
    record = world.route.observe().record
    intent = _mine(record, wanted)
    world.route.write(record.but(phase=Phase.AWAITING, intent=replace(intent, doubt=doubt)))
    world.journal.note("awaiting", run=intent.run, doubt=doubt)
    return Did(Event.OK, doubt)


def switch(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The commit point: one conditional write moves the traffic and says so."""
    seen = world.route.observe()
    intent = _mine(seen.record, wanted)
    if stopped := world.interrupts.pending():
        return Did(Event.INTERRUPTED, stopped)
    if seen.record.freeze and intent.goal is Goal.DEPLOY:
        return Did(Event.CONFLICT, "releases were frozen meanwhile")
    view = _view(seen, intent.colour)
    if not view.ready or view.release != intent.release.id:
        return Did(Event.FAILED, "the candidate lost its readiness just before the switch")
    world.route.write(
        seen.record.but(
            phase=Phase.CONVERGING,
            selected=intent.colour,
            previous=seen.record.selected,
            slots={**seen.record.slots, intent.colour: intent.release},
        )
    )
    world.journal.note("switched", run=intent.run, release=intent.release.id, colour=intent.colour)
    return OK


def watch(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Somebody else carries the run on; see it end."""
    seen_at = world.clock.now()
    while True:
        if world.detach:
            return Did(Event.INTERRUPTED, "as asked: the run goes on without this process")
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        try:
            seen = world.route.observe()
        except Lost as fault:
            if world.clock.now() - seen_at > UNSEEN_WITHIN:
                return Did(Event.TIMEOUT, str(fault))
        else:
            seen_at = world.clock.now()
            if seen.record.phase not in MOVED:
                return OK
            if not seen.guard:
                return OK
        world.clock.sleep(TICK * 2)


def converge(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The switch is proven: answers in a row through the real entry carry the release's id."""
    seen = world.route.observe()
    intent = _mine(seen.record, None)
    did = _arrived(world, intent, intent.release.id, intent.colour)
    if did.event is not Event.OK:
        return did
    record = world.route.observe().record
    if record.phase is Phase.CONVERGING:
        world.route.write(record.but(phase=Phase.BAKING))
        world.journal.note("baking", run=intent.run, seconds=intent.bake.seconds)
    return OK


def _arrived(world: World, intent: Intent, release: str, colour: str) -> Did:
    streak, deadline = 0, world.clock.now() + intent.bake.converge
    said = ""
    while streak < intent.bake.identities:
        seen = world.route.observe()
        if did := _carried_on(seen, intent, Phase.CONVERGING) or _wish(seen):
            return did
        if fault := _unwell(seen, colour):
            return Did(Event.FAILED, fault)
        said = world.entry.identity()
        streak = streak + 1 if said == release else 0
        if streak:
            continue
        if world.clock.now() > deadline:
            found = f"the last one came from {said}" if said else "none came"
            return Did(Event.TIMEOUT, f"the entry did not answer with release {release}: {found}")
        if world.guarding is False and (stopped := world.interrupts.pending()):
            return Did(Event.INTERRUPTED, stopped)
        world.clock.sleep(TICK)
    return OK


def bake(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Watch the new release while the old one stands by."""
    seen = world.route.observe()
    intent = _mine(seen.record, None)
    subject = Subject(
        release=intent.release,
        colour=intent.colour,
        before=False,
        duration=_left(intent, seen),
        since=seen.baked,
    )
    series = world.gates.begin(intent.after, subject)
    try:
        return _baked(world, intent, series, subject.duration)
    finally:
        series.close()


def _left(intent: Intent, seen: Observation) -> float:
    """Seconds to watch. What nobody watched proves nothing: who comes late into a bake watches for a while at least."""
    return max(intent.bake.seconds - seen.baked, min(EVIDENCE, intent.bake.seconds))


def _baked(world: World, intent: Intent, series: Series, duration: float) -> Did:
    restarts = _view(_seen_again(world), intent.colour).restarts
    deadline = world.clock.now() + duration
    while True:
        seen = _seen_again(world)
        if did := _carried_on(seen, intent, Phase.BAKING) or _wish(seen):
            return did
        if fault := _unwell(seen, intent.colour):
            return Did(Event.FAILED, fault)
        if _view(seen, intent.colour).restarts > restarts:
            return Did(
                Event.FAILED, f"the release was restarted while it was watched: {_view(seen, intent.colour).why}"
            )
        verdict = series.poll()
        if verdict is Verdict.FAIL:
            return Did(Event.FAILED, series.why())
        if seen.baked >= intent.bake.seconds and world.clock.now() >= deadline:
            return _at_the_end(intent, verdict or series.finish(), series)
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        world.clock.sleep(TICK)


def _seen_again(world: World) -> Observation:
    """What is, also after some looks in vain: what gates have measured is not forgotten for one lost reply."""
    deadline = world.clock.now() + UNSEEN_WITHIN
    while True:
        try:
            return world.route.observe()
        except Lost:
            if world.clock.now() > deadline:
                raise
        world.clock.sleep(TICK)


def _at_the_end(intent: Intent, verdict: Verdict, series: Series) -> Did:
    if verdict is Verdict.PASS:
        return OK
    if verdict is Verdict.INCONCLUSIVE and intent.bake.on_no_data == "hold":
        return Did(Event.INCONCLUSIVE, series.why())
    return Did(Event.FAILED, series.why())


def commit(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The new release is the stable one. The old one stays warm for a while, unless it was gone back from."""
    record = world.route.observe().record
    intent = _mine(record, None)
    back = intent.goal is Goal.ROLLBACK
    world.route.write(
        record.but(
            phase=Phase.STABLE,
            intent=None,
            last=_ending(world, intent, "deployed", why),
            retire_after=intent.keep,
            held="",
            slots=_without_rejected(record) if back else record.slots,
        )
    )
    world.journal.note("committed", run=intent.run, release=intent.release.id)
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


def roll_back(world: World, wanted: Intent | None, why: str) -> Did:
    """Select the old colour again: one conditional write that asks nothing of the new one."""
    seen = world.route.observe()
    record = seen.record
    intent = record.intent or wanted
    back = record.previous
    if intent is None or back is None:
        return Did(Event.FAILED, f"there is no earlier release to go back to; {why}")
    by_request = wanted is not None and wanted.goal is Goal.ROLLBACK and record.intent is None
    if not by_request and intent.release.data_unsafe and not _asked(seen):
        return Did(Event.FAILED, f"the release is declared unsafe to take back, since its data may be new; {why}")
    view, target = _view(seen, back), record.slots.get(back)
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
            intent=replace(intent, ending=reason, ends_as="requested" if by_request or _asked(seen) else "failed"),
            retire_after=None,
        )
    )
    world.journal.note("returned", run=intent.run, release=target.id, colour=back, why=reason)
    return OK


def give_back(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """See the traffic arrive where it was, then take the other release away."""
    record = world.route.observe().record
    intent, back = _mine(record, None), record.selected
    target = record.serving()
    if back is None or target is None:
        return Did(Event.FAILED, "nothing is selected")
    if not _settled(world, intent, target.id) and (fault := _unwell(world.route.observe(), back)):
        # What is taken away now might be the only one that still answers.
        return Did(Event.FAILED, f"the release that was gone back to fails as well: {fault}")
    world.colours.stop(other(back))
    record = world.route.observe().record
    if record.phase is Phase.RETURNING:
        requested = intent.ends_as == "requested"
        ending = replace(_ending(world, intent, "rolled-back", intent.ending), by_request=requested)
        slots = _without_rejected(record)
        world.route.write(record.but(phase=Phase.STABLE, intent=None, last=ending, slots=slots))
    world.journal.note("rolled back", run=intent.run, why=intent.ending)
    return OK


def _without_rejected(record: Record) -> dict[Colour, Release]:
    """The slots without the release that was gone back from: a later rollback must not find it for the one before."""
    return {colour: release for colour, release in record.slots.items() if colour == record.selected}


def _settled(world: World, intent: Intent, release: str) -> bool:
    """Wait, within bounds, until the entry answers from the old release: what is taken away must not be asked."""
    streak, deadline = 0, world.clock.now() + intent.bake.converge
    while streak < intent.bake.identities and world.clock.now() < deadline:
        streak = streak + 1 if world.entry.identity() == release else 0
        if not streak:
            world.clock.sleep(TICK)
    if streak < intent.bake.identities:
        world.journal.note("return not seen", release=release)
    return streak >= intent.bake.identities


def hold(world: World, wanted: Intent | None, why: str) -> Did:
    """No road is safe: say so, leave everything as it is, and wait for a person."""
    seen = world.route.observe()
    if seen.record.phase is Phase.HELD:
        return OK
    if seen.actual != ({seen.record.selected} if seen.record.selected else set()):
        found = ", ".join(sorted(seen.actual)) or "nothing"
        why = f"the route selects {found}, the record says {seen.record.selected or 'nothing'}: somebody else wrote"
        world.journal.note("held", why=why)
        return Did(Event.OK, why)
    world.route.write(seen.record.but(phase=Phase.HELD, held=why or "a person is needed"))
    world.journal.note("held", run=(_whose(seen.record, wanted)), why=why)
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
                    phase=Phase.STABLE, intent=None, last=_ending(world, intent, intent.ends_as or word, intent.ending)
                )
            )
        world.journal.note(word, run=intent.run, why=intent.ending)
        return Did(Event.OK, intent.ending)

    return deed


def _judged(verdict: Verdict, series: Series, intent: Intent) -> Did:
    if verdict is Verdict.PASS:
        return OK
    if verdict is Verdict.FAIL:
        return Did(Event.FAILED, series.why())
    if intent.despite:
        return Did(Event.OK, f"{series.why()}; accepted: {intent.despite}")
    return Did(Event.INCONCLUSIVE, series.why())


def _wish(seen: Observation) -> Did | None:
    """What a person asks of a run that has moved."""
    if seen.request is None:
        return None
    said = f"{seen.request.by} asked for it" + (f": {seen.request.reason}" if seen.request.reason else "")
    if seen.request.kind in ("rollback", "abort"):
        return Did(Event.FAILED, said)
    if seen.request.kind == "promote" and seen.record.phase is Phase.BAKING:
        return Did(Event.APPROVED, said)
    return None


def _carried_on(seen: Observation, intent: Intent, phase: Phase) -> Did | None:
    """Whether somebody else took the run further meanwhile: who waits for what is over would wait for ever."""
    record = seen.record
    if record.phase is phase and record.intent is not None and record.intent.run == intent.run:
        return None
    return Did(Event.CONFLICT, "somebody else carried the run on")


def _asked(seen: Observation) -> bool:
    return seen.request is not None and seen.request.kind in ("rollback", "abort")


def _unwell(seen: Observation, colour: str) -> str:
    """Why a serving colour cannot go on serving; empty where it can."""
    view = next((v for c, v in seen.colours.items() if c == colour), ColourView())
    if view.ready:
        return ""
    return f"the release is {view.standing.value}" + (f": {view.why}" if view.why else "")


def _mine(record: Record, wanted: Intent | None) -> Intent:
    """The run in flight as it was announced. Raises Lost where it is not in flight any more."""
    if record.intent is not None and (wanted is None or wanted.run == record.intent.run):
        return record.intent
    raise Lost("the run ended, or another one began, while this process was at work")


def _meant(record: Record, wanted: Intent | None) -> Intent:
    """The run in flight, or else the one that is about to be announced."""
    if record.intent is None and wanted is not None:
        return replace(wanted, colour=_free(record))
    return _mine(record, wanted)


def _whose(record: Record, wanted: Intent | None) -> str:
    return record.intent.run if record.intent else wanted.run if wanted else ""


def _free(record: Record) -> Colour:
    return other(record.selected)


def _view(seen: Observation, colour: str) -> ColourView:
    return next((view for name, view in seen.colours.items() if name == colour), ColourView())


def _ending(world: World, intent: Intent, outcome: str, reason: str) -> Ending:
    return Ending(
        run=intent.run,
        release=intent.release.id,
        version=intent.release.version,
        outcome=outcome,
        reason=reason,
        at=world.clock.stamp(),
    )


DEEDS: dict[State, Deed] = {
    State.PLANNED: plan,
    State.ANNOUNCING: announce,
    State.EXPANDING: expand,
    State.PROVING: prove,
    State.PROVISIONING: provision,
    State.VERIFYING: verify,
    State.APPROVING: approve,
    State.DOUBTING: doubt,
    State.SWITCHING: switch,
    State.GUARDED: watch,
    State.CONVERGING: converge,
    State.BAKING: bake,
    State.COMMITTING: commit,
    State.RETIRING: retire,
    State.ROLLING_BACK: roll_back,
    State.RETURNING: give_back,
    State.HOLDING: hold,
    State.ABORTING: clear("aborted"),
    State.REFUSING: clear("refused"),
    State.SUPERSEDING: clear("superseded"),
}
