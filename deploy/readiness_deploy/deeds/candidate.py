"""Before the switch, the candidate itself: started, judged, agreed to; and the switch, which is the commit point."""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.deeds.did import OK, TICK, Did
from readiness_deploy.deeds.judgements import in_flight, view_of
from readiness_deploy.ports import Observation, Series, Standing, Subject, Verdict, World
from readiness_deploy.record import Intent
from readiness_deploy.states import Event, Goal, Phase

_GONE = Did(Event.CONFLICT, "another run took the place of this one")


def provision(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Have the candidate run in the free slot, until it has been ready for long enough without a restart.

    Its time begins with its process: what is still ending in that slot is bounded by a drain and a grace of its own.
    """
    intent = in_flight(world.route.observe().record, wanted)
    view = view_of(world.route.observe(), intent.colour)
    if view.release == intent.release.id and (view.restarts or view.standing is Standing.UNREADY):
        # It served before, and stood by: what happened to it then says nothing of a fresh process, nor helps it.
        world.colours.stop(intent.colour)
    world.colours.start(intent.colour, intent.release)
    deadline: float | None = None
    while True:
        seen = world.route.observe()
        if _taken_over(seen, intent):
            return _GONE
        view = view_of(seen, intent.colour)
        if deadline is None and view.standing is not Standing.STOPPING:
            deadline = world.clock.now() + intent.ready_within
        if view.release == intent.release.id:
            if view.restarts or view.standing is Standing.DEAD:
                return Did(Event.FAILED, f"the candidate does not stay up: {view.why or f'{view.restarts} restarts'}")
            if view.ready and view.ready_for >= intent.min_ready:
                return OK
        if deadline is not None and world.clock.now() > deadline:
            said = f": {view.why}" if view.why else ""
            return Did(Event.TIMEOUT, f"the candidate was not ready within {intent.ready_within:g} s{said}")
        if stopped := world.interrupts.pending():
            return Did(Event.INTERRUPTED, stopped)
        world.clock.sleep(TICK)


def verify(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The gates before the switch, on the candidate itself. They run anew each time: old answers prove nothing."""
    intent = in_flight(world.route.observe().record, wanted)
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
            view = view_of(seen, intent.colour)
            if not view.ready or view.restarts:
                return Did(Event.FAILED, f"the candidate lost its readiness under its gates: {view.why}")
            if stopped := world.interrupts.pending():
                return Did(Event.INTERRUPTED, stopped)
            world.clock.sleep(TICK)
    finally:
        series.close()


def _judged(verdict: Verdict, series: Series, intent: Intent) -> Did:
    if verdict is Verdict.PASS:
        return OK
    if verdict is Verdict.FAIL:
        return Did(Event.FAILED, series.why())
    if intent.despite:
        return Did(Event.OK, f"{series.why()}; accepted: {intent.despite}")
    return Did(Event.INCONCLUSIVE, series.why())


def _taken_over(seen: Observation, intent: Intent) -> bool:
    """Whether this run is no longer the one in flight: waiting on would be for nobody."""
    return seen.record.intent is None or seen.record.intent.run != intent.run


def doubt(world: World, wanted: Intent | None, why: str) -> Did:
    """The gates could not tell: the candidate stays ready, and a person decides."""
    return _await(world, wanted, why or "a gate could not tell")


def approve(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """Whether somebody has to agree, and has."""
    intent = in_flight(world.route.observe().record, wanted)
    if intent.approval in ("none", "given"):
        return Did(Event.APPROVED)
    return _await(world, wanted, "")


def _await(world: World, wanted: Intent | None, doubt: str) -> Did:
    record = world.route.observe().record
    intent = in_flight(record, wanted)
    world.route.write(record.but(phase=Phase.AWAITING, intent=replace(intent, doubt=doubt)))
    world.journal.note("awaiting", run=intent.run, doubt=doubt)
    return Did(Event.OK, doubt)


def switch(world: World, wanted: Intent | None, why: str) -> Did:  # noqa: ARG001
    """The commit point: one conditional write moves the traffic and says so."""
    seen = world.route.observe()
    intent = in_flight(seen.record, wanted)
    if stopped := world.interrupts.pending():
        return Did(Event.INTERRUPTED, stopped)
    if seen.record.freeze and intent.goal is Goal.DEPLOY:
        return Did(Event.CONFLICT, "releases were frozen meanwhile")
    view = view_of(seen, intent.colour)
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
