"""The blue-green rollout as a table of states and events, and the short function that walks it.

The table is the program, the diagram (`mermaid`) and the map of the tests. There is no recovery code: a run that died
is continued by looking at what is so, finding the state that this means, and walking on from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness_deploy import deeds
from readiness_deploy.deeds.judgements import is_foreign, whose
from readiness_deploy.ports import Conflict, Fenced, Illegal, Lost, Observation, Standing, World
from readiness_deploy.record import Intent, Record
from readiness_deploy.states import MOVED, PARKED, Event, ExitCode, Goal, Phase, State

_S, _E = State, Event

TABLE: dict[tuple[State, Event], State] = {
    # Nothing is written before the plan holds.
    (_S.PLANNED, _E.OK): _S.ANNOUNCING,
    (_S.PLANNED, _E.FAILED): _S.REFUSING,
    (_S.PLANNED, _E.TIMEOUT): _S.ABORTING,
    (_S.PLANNED, _E.APPROVED): _S.ROLLING_BACK,
    (_S.PLANNED, _E.INTERRUPTED): _S.ABORTING,
    (_S.ANNOUNCING, _E.OK): _S.EXPANDING,
    (_S.EXPANDING, _E.OK): _S.PROVING,
    (_S.EXPANDING, _E.FAILED): _S.ABORTING,
    (_S.EXPANDING, _E.TIMEOUT): _S.ABORTING,
    (_S.EXPANDING, _E.INTERRUPTED): _S.ABORTING,
    # The old release proves itself on the new schema before anything moves.
    (_S.PROVING, _E.OK): _S.PROVISIONING,
    (_S.PROVING, _E.FAILED): _S.ABORTING,
    (_S.PROVING, _E.INTERRUPTED): _S.ABORTING,
    (_S.PROVISIONING, _E.OK): _S.VERIFYING,
    (_S.PROVISIONING, _E.FAILED): _S.ABORTING,
    (_S.PROVISIONING, _E.TIMEOUT): _S.ABORTING,
    (_S.PROVISIONING, _E.INTERRUPTED): _S.ABORTING,
    (_S.VERIFYING, _E.OK): _S.APPROVING,
    (_S.VERIFYING, _E.FAILED): _S.ABORTING,
    (_S.VERIFYING, _E.INCONCLUSIVE): _S.DOUBTING,
    (_S.VERIFYING, _E.INTERRUPTED): _S.ABORTING,
    (_S.DOUBTING, _E.OK): _S.DOUBTFUL,
    (_S.APPROVING, _E.APPROVED): _S.SWITCHING,
    (_S.APPROVING, _E.OK): _S.WAITING,
    # The commit point.
    (_S.SWITCHING, _E.OK): _S.LOOKING,
    (_S.SWITCHING, _E.FAILED): _S.PROVISIONING,
    (_S.SWITCHING, _E.INTERRUPTED): _S.ABORTING,
    # After it the guard walks, where there is one, and everybody else watches.
    (_S.GUARDED, _E.OK): _S.LOOKING,
    (_S.GUARDED, _E.INTERRUPTED): _S.DETACHED,
    (_S.GUARDED, _E.TIMEOUT): _S.UNWATCHED,
    (_S.CONVERGING, _E.OK): _S.BAKING,
    (_S.CONVERGING, _E.FAILED): _S.ROLLING_BACK,
    (_S.CONVERGING, _E.TIMEOUT): _S.ROLLING_BACK,
    (_S.CONVERGING, _E.INTERRUPTED): _S.UNWATCHED,
    (_S.BAKING, _E.OK): _S.COMMITTING,
    (_S.BAKING, _E.APPROVED): _S.COMMITTING,
    (_S.BAKING, _E.FAILED): _S.ROLLING_BACK,
    (_S.BAKING, _E.INCONCLUSIVE): _S.HOLDING,
    (_S.BAKING, _E.INTERRUPTED): _S.UNWATCHED,
    (_S.COMMITTING, _E.OK): _S.RETIRING,
    (_S.RETIRING, _E.OK): _S.DONE,
    # The way back depends on the old colour only.
    (_S.ROLLING_BACK, _E.OK): _S.LOOKING,
    (_S.ROLLING_BACK, _E.FAILED): _S.HOLDING,
    (_S.RETURNING, _E.OK): _S.ROLLED_BACK,
    (_S.RETURNING, _E.FAILED): _S.HOLDING,
    (_S.HOLDING, _E.OK): _S.HELD,
    # Taking a candidate away that never served.
    (_S.ABORTING, _E.OK): _S.ABORTED,
    (_S.REFUSING, _E.OK): _S.REFUSED,
    (_S.SUPERSEDING, _E.OK): _S.SUPERSEDED,
}

# What can come of any deed that touches the world: look again, or learn that there is nothing more to say.
for _state in {state for state, _ in TABLE}:
    TABLE[_state, _E.CONFLICT] = _S.LOOKING
    TABLE[_state, _E.LOST] = _S.LOOKING
    TABLE[_state, _E.SUPERSEDED] = _S.OUSTED
# The run is over: letting the old release go is left to whoever came after.
TABLE[_S.RETIRING, _E.CONFLICT] = TABLE[_S.RETIRING, _E.SUPERSEDED] = _S.DONE

LOOKS = 20
"""Looks in a row without progress before a run gives up: somebody else writes all the time, or nothing answers."""
STEPS = 1000
"""Deeds after which a run gives up whatever they did: a walk ends."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a run came to rest, why, and which run it was."""

    state: State
    why: str = ""
    run: str = ""
    by_request: bool = False

    @property
    def code(self) -> ExitCode:
        """The exit code. A rollback that somebody asked for is a success."""
        if self.state is State.ROLLED_BACK and self.by_request:
            return ExitCode.OK
        return PARKED[self.state]


def locate(seen: Observation, wanted: Intent | None, *, guarding: bool = False, begun: str = "") -> State:
    """The state that this observation means, for a run that wants this; None wants what is in flight to be finished.

    A function of what is so alone: a journal has no say in it. `begun` is the run that this process saw in flight, so
    that it knows its end for one where the reply to the last write was lost, or a guard wrote it.
    """
    record = seen.record
    if is_foreign(seen):
        return State.HOLDING if record.phase is not Phase.HELD else State.HELD
    if record.phase is Phase.HELD:
        return State.HELD
    if record.intent is None:
        return _at_rest(seen, wanted, begun)
    if record.phase in MOVED:
        if seen.guard and not guarding:
            return State.GUARDED
        return {
            Phase.CONVERGING: State.CONVERGING,
            Phase.BAKING: State.BAKING,
            Phase.RETURNING: State.RETURNING,
        }[record.phase]
    if record.phase is Phase.ABORTING:
        return _ENDINGS.get(record.intent.ends_as, State.ABORTING)
    if wanted is not None and record.intent.run != wanted.run:
        return State.SUPERSEDING
    if record.phase is Phase.AWAITING:
        return State.DOUBTFUL if record.intent.doubt else State.WAITING
    return State.PLANNED


_BEGUN = (Phase.PREPARING, Phase.AWAITING)
_WATCHED = (State.CONVERGING, State.BAKING)
_ENDINGS = {"refused": State.REFUSING, "superseded": State.SUPERSEDING, "aborted": State.ABORTING}
_OUTCOMES = {
    "deployed": State.DONE,
    "aborted": State.ABORTED,
    "refused": State.REFUSED,
    "superseded": State.SUPERSEDED,
    "rolled-back": State.ROLLED_BACK,
}


def _at_rest(seen: Observation, wanted: Intent | None, begun: str) -> State:
    last = seen.record.last
    ended = last is not None and last.run == (wanted.run if wanted else begun)
    if wanted is not None and not ended:
        return State.PLANNED
    if _outstays(seen):
        return State.RETIRING
    return _OUTCOMES[last.outcome] if last and ended else State.IDLE


def _outstays(seen: Observation) -> bool:
    """Whether the old release still runs though its time is set: who set it may have died before it told anybody."""
    record = seen.record
    if record.previous is None or record.retire_after is None:
        return False
    return seen.colours[record.previous].standing not in (Standing.ABSENT, Standing.STOPPING)


def walk(world: World, wanted: Intent | None) -> End:
    """Walk from what is so to a parked state, and say which.

    `wanted` is the run that this process is for; None finishes whatever is in flight. A run of somebody who died before
    the commit point is superseded first, one that died after it is finished first: the caller walks again for its own.
    """
    state, why, run, begun, looks = State.LOOKING, "", "", "", 0
    condemned = ("", "")
    for _ in range(STEPS):
        if state in PARKED:
            return _end(world, wanted, state, why, run)
        if state is State.LOOKING:
            looks += 1
            if looks > LOOKS:
                return End(State.UNWATCHED, why or "what is so keeps changing, or cannot be seen", run)
            seen = _seen(world)
            if seen is None:
                world.clock.sleep(min(2.0, 0.05 * 2**looks))
                continue
            run = _concerned(seen.record, wanted)
            begun = seen.record.intent.run if seen.record.intent else begun
            state = locate(seen, wanted, guarding=world.guarding, begun=begun)
            if state in _WATCHED and condemned[0] == run:
                # It was found to be bad. That the way back was not open a moment ago does not make it good.
                state, why = State.ROLLING_BACK, condemned[1]
            continue
        did = _do(state, world, wanted, why)
        world.journal.note("deed", state=state.value, event=did.event.value, why=did.why)
        if state is State.ROLLING_BACK:
            condemned = (run, why)
        if did.event in (Event.OK, Event.APPROVED):
            looks = 0
        why, state = did.why, TABLE[state, did.event]
    return End(State.UNWATCHED, why or "the run does not come to an end", run)


def carry_out(world: World, wanted: Intent) -> End:
    """Carry out one run. A run of another that is in flight is settled first: undone before its commit point, finished
    after it. The same plan again is the same run. Returns where this run came to rest, or what stands in its way."""
    seen = _seen(world)
    begun = seen.record.intent if seen else None
    if seen and begun and begun.plan and begun.plan == wanted.plan and seen.record.phase in _BEGUN:
        wanted = begun
    for _ in range(4):
        end = walk(world, wanted)
        if end.run == wanted.run or end.state in (State.HELD, State.OUSTED, State.UNWATCHED, State.DETACHED):
            return end
        world.journal.note("settled", run=end.run, state=end.state.value, why=end.why)
    return End(State.UNWATCHED, "other runs keep coming", wanted.run)


def mermaid() -> str:
    """The table as a Mermaid state diagram. What every state shares (conflict, lost, superseded) is left out."""
    shared = (Event.CONFLICT, Event.LOST, Event.SUPERSEDED)
    name = {state: state.value.replace("-", "_") for state in State}
    lines = ["stateDiagram-v2", "    [*] --> looking"]
    lines += [f"    {name[a]} --> {name[b]}: {event.value}" for (a, event), b in TABLE.items() if event not in shared]
    lines += [f"    {name[state]} --> [*]" for state in PARKED if any(state is b for b in TABLE.values())]
    return "\n".join(lines) + "\n"


def _seen(world: World) -> Observation | None:
    try:
        return world.route.observe()
    except Lost as fault:
        world.journal.note("unseen", why=str(fault))
        return None


def _do(state: State, world: World, wanted: Intent | None, why: str) -> deeds.Did:
    """One deed; what the doors raise becomes an event."""
    try:
        return deeds.DEEDS[state](world, wanted, why)
    except Fenced as fault:
        return deeds.Did(Event.SUPERSEDED, str(fault))
    except (Conflict, Illegal) as fault:
        return deeds.Did(Event.CONFLICT, str(fault))
    except Lost as fault:
        world.clock.sleep(0.05)
        return deeds.Did(Event.LOST, str(fault))


def _concerned(record: Record, wanted: Intent | None) -> str:
    """The run that an end would speak of: the one that the next steps belong to, or else the last one."""
    return whose(record, wanted) or (record.last.run if record.last else "")


def _end(world: World, wanted: Intent | None, state: State, why: str, run: str) -> End:
    """The end, with the reason that the record gives where it knows better than this process."""
    seen = _seen(world) if state in (State.DONE, State.ROLLED_BACK, State.ABORTED, State.HELD, State.REFUSED) else None
    last = seen.record.last if seen else None
    if seen and state is State.HELD:
        return End(state, seen.record.held or why, run)
    if last and last.run == run:
        # Whoever asked for the rollback got what they wanted; who wanted to deploy did not.
        pleased = wanted is None or wanted.goal is Goal.ROLLBACK
        return End(state, last.reason or why, run, last.by_request and pleased)
    return End(state, why, run)
