"""After the switch: that the traffic arrived, and how the new release does while the old one stands by."""

from __future__ import annotations

from readiness_deploy.deeds.did import OK, TICK, Did
from readiness_deploy.deeds.judgements import asked_back, in_flight, unwell, view_of
from readiness_deploy.ports import Lost, Observation, Series, Subject, Verdict, World
from readiness_deploy.record import Intent
from readiness_deploy.states import MOVED, Event, Phase

EVIDENCE = 10.0
"""Seconds of watching, at most, that a bake needs which another process began."""
UNSEEN_WITHIN = 30.0


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
    intent = in_flight(seen.record, None)
    did = _arrived(world, intent)
    if did.event is not Event.OK:
        return did
    record = world.route.observe().record
    if record.phase is Phase.CONVERGING:
        world.route.write(record.but(phase=Phase.BAKING))
        world.journal.note("baking", run=intent.run, seconds=intent.bake.seconds)
    return OK


def _arrived(world: World, intent: Intent) -> Did:
    streak, deadline = 0, world.clock.now() + intent.bake.converge
    release, said = intent.release.id, ""
    while streak < intent.bake.identities:
        seen = world.route.observe()
        if did := _carried_on(seen, intent, Phase.CONVERGING) or _wish(seen):
            return did
        if fault := unwell(seen, intent.colour):
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
    intent = in_flight(seen.record, None)
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
    restarts = view_of(_seen_again(world), intent.colour).restarts
    deadline = world.clock.now() + duration
    while True:
        seen = _seen_again(world)
        if did := _carried_on(seen, intent, Phase.BAKING) or _wish(seen):
            return did
        if fault := unwell(seen, intent.colour):
            return Did(Event.FAILED, fault)
        if view_of(seen, intent.colour).restarts > restarts:
            said = view_of(seen, intent.colour).why or "it was started again"
            return Did(Event.FAILED, f"while the release was watched, {said}")
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


def _wish(seen: Observation) -> Did | None:
    """What a person asks of a run that has moved."""
    if seen.request is None:
        return None
    said = f"{seen.request.by} asked for it" + (f": {seen.request.reason}" if seen.request.reason else "")
    if asked_back(seen):
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
