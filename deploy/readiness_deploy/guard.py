"""The guard: carries a run on after its commit point, whatever became of the process that began it.

`python -m readiness_deploy.guard FOLDER` is started by the keeper, and again while the record wants it. It walks
the same table as everybody else, from what is so.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from readiness.config.surroundings import variables
from readiness.history import Journal as History
from readiness.http import Tls
from readiness_deploy.adapters.local import Keeper, entry, entry_address
from readiness_deploy.adapters.machine import NoSchema, Signals, SystemClock
from readiness_deploy.bluegreen import End, walk
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.keeper.client import Declined, Unreachable, ask
from readiness_deploy.notify import Notifier, Several, heir
from readiness_deploy.ports import Busy, Fenced, Holder, Journal, Lost, Measurement, World
from readiness_deploy.record import Intent
from readiness_deploy.states import MOVED, ExitCode, Goal, Phase, State

_WELL = (State.DONE, State.ROLLED_BACK, State.HELD, State.IDLE)
_TOLD_WITHIN = 5.0
"""Seconds for the keeper to hear of an event. It may be busy with an HAProxy that does not obey."""
_WRITTEN_WITHIN = 1.0
_AHEAD = 0.05
"""Seconds between two looks of a guard that stands ready before the switch."""
_OUTCOMES = {State.DONE: "deployed", State.ROLLED_BACK: "rolled back"}


class KeeperJournal:
    """Tells the keeper, whose journal everybody can watch. What cannot be told is lost, and nothing else."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def note(self, what: str, **details: Any) -> None:
        """One event."""
        try:
            ask(self._state, "note", within=_TOLD_WITHIN, what=what, details=msgspec.to_builtins(details))
        except (Unreachable, Declined, TypeError, ValueError):
            return

    def measured(self, one: Measurement) -> None:
        """One look of one gate."""
        self.note("measured", measurement=msgspec.to_builtins(one))


def main(state: Path, own: Mapping[str, str]) -> int:
    """Walk what is in flight to its end. Returns 0 where it came to rest, 1 where another guard should look."""
    clock, signals, journal = SystemClock(), Signals().listen(), KeeperJournal(state)
    keeper = Keeper(state)
    try:
        record = keeper.observe().record
        while record.phase is Phase.PREPARING and not signals.pending():
            clock.sleep(_AHEAD)
            record = keeper.observe().record
        if record.intent is None or record.phase not in MOVED:
            return 0
        intent = record.intent
        keeper.lock(_me(intent, clock))
        record = keeper.observe().record
        if record.intent is None or record.phase not in MOVED:
            return 0  # it came to its end in between; what another run is at is not the guard's
        notifier = heir(intent, own, lambda text: journal.note("not told", why=text))
        try:
            end = walk(_world(keeper, intent, clock, signals, journal, notifier, own), None)
            journal.note("guard done", state=end.state.value, why=end.why, run=end.run)
            remember(state, end, intent.goal)  # before anybody can end the run another way
            if end.state is not State.OUSTED:
                keeper.unlock()  # before anybody is notified: the next run need not wait for that
        finally:
            notifier.close()
        return 0 if end.state in _WELL else 1
    except (Busy, Fenced, Lost) as fault:
        sys.stderr.write(f"{clock.stamp()} the guard stops: {fault}\n")
        return 1


def remember(state: Path, end: End, goal: Goal) -> None:
    """Have the history say how the run ended, in the words that whoever began it would use: they may not be there any
    more, and where they are, nobody knows who speaks last. A history that is slow is not waited for long."""
    if end.state not in _WELL or not end.run:
        return
    history = History(state / "history.db", end.run)
    as_asked = goal is Goal.ROLLBACK and (end.state is State.DONE or end.by_request)
    outcome = "rolled back as asked" if as_asked else _OUTCOMES.get(end.state, end.state.value)
    unwanted = goal is Goal.DEPLOY and end.state is State.ROLLED_BACK
    history.end(outcome, int(ExitCode.ROLLED_BACK if unwanted else end.code), end.run)
    history.close(_WRITTEN_WITHIN)


def _me(intent: Intent, clock: SystemClock) -> Holder:
    return Holder(
        by="the guard", host=socket.gethostname(), pid=os.getpid(), run=intent.run, since=clock.stamp(), guard=True
    )


def _world(
    keeper: Keeper,
    intent: Intent,
    clock: SystemClock,
    signals: Signals,
    journal: KeeperJournal,
    notifier: Notifier,
    own: Mapping[str, str],
) -> World:
    outside = Outside(
        address=keeper.address,
        entry=entry_address(keeper),
        entry_tls=Tls(verify=False),  # the keeper's own address: the release's id proves who answered
        traffic=keeper.traffic,
        variables=own,
        folder=Path(intent.root or "/"),
    )
    told: Journal = Several((journal, notifier))
    return World(
        route=keeper,
        colours=keeper,
        schema=NoSchema(),
        gates=LiveGates(clock, outside, journal.measured),
        entry=entry(keeper, intent.release),
        clock=clock,
        journal=told,
        interrupts=signals,
        guarding=True,
    )


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), variables()))
