"""A walk with the lock in hand, and what becomes of a run that somebody else took over meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from readiness.cli.deploying.work import Work, holder, who

if TYPE_CHECKING:
    from readiness_deploy.bluegreen import End
    from readiness_deploy.ports import World
    from readiness_deploy.record import Intent, Record

    from readiness.cli.deploying.door import Door
    from readiness.cli.deploying.ending import Ending


def carry(work: Work, door: Door, act: Callable[[World], End], intent: Intent | None = None) -> Ending:
    """Take the lock, walk, let go. The last words are made of what the keeper holds then.

    `intent` is that of a run which begins here. Raises Busy, Refusal, Refused.
    """
    from readiness_deploy.ports import Lost

    from readiness.cli.deploying.recording import recording

    door.lock(holder(work.run), work.take_over)
    with recording(work) as told:
        if intent is not None:
            told.begin(intent)
        if work.take_over:
            work.telling.note("taken over", by=who(), reason=work.take_over)
        try:
            work.telling.seen(door.look())
            world = door.world(work)
            work.signals.walk()
            work.telling.follow(door.look)
            end = _seen_through(work, door, world, act(world), intent)
            work.telling.settle(door.look)
        finally:
            door.unlock()
        ours = work.run
        try:
            record = door.shown()
        except Lost:
            record = None
        ending_ = work.parked(end, record)
        if ours:  # else there was no run: how the last one ended is not ours to say
            told.end(ending_)
        return ending_


_TURNS = 50
"""Looks after a run that guard and deployer take from each other, before the deployer says that it lost it."""


def _seen_through(work: Work, door: Door, world: World, end: End, intent: Intent | None) -> End:
    """The end of a run that its guard took over after the commit point: watched while a guard is at it, told where one
    ended it, walked where none stays up. What another run or a person took over stays theirs. Raises Lost."""
    from readiness_deploy import bluegreen
    from readiness_deploy.ports import Busy
    from readiness_deploy.states import MOVED, Phase, State

    for _ in range(_TURNS):
        if end.state is not State.OUSTED:
            break
        found, record = door.look(), door.record()
        lock, last = found.get("lock"), record.last
        if record.intent is None and last is not None and last.run == end.run and last.outcome in _AFTER_THE_SWITCH:
            return how_it_ended(work.verb, record, end.run)
        ours = record.intent is not None and record.intent.run == end.run and record.phase in (*MOVED, Phase.HELD)
        if not ours or (lock and not lock.get("guard")):
            break
        if record.phase in MOVED and not found.get("guard"):
            if lock:
                door.clock.sleep(0.1)  # a guard that died: its lock is freed in a moment
                continue
            try:
                door.lock(holder(work.run), "")
            except Busy:
                continue
            work.telling.note("watched by the deployer", run=end.run)
        end = bluegreen.walk(world, intent)
    return end


_AFTER_THE_SWITCH = ("deployed", "rolled-back")


def how_it_ended(verb: str, record: Record, run: str) -> End:
    """The end of a run that is over, by the record, as this verb sees it: who wanted to deploy did not want the way
    back, whoever asked for it, unless it led to that release."""
    from readiness_deploy.bluegreen import End
    from readiness_deploy.states import State

    last = record.last
    assert last is not None, "the run is over"  # noqa: S101
    there = verb == "deploy" and record.serves_last()
    state = State.DONE if last.outcome == "deployed" or there else State(last.outcome)
    return End(state, last.reason, run, last.by_request and verb != "deploy")
