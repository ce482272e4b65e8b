"""The words of a rollout: its states, what can happen in one, and where a run may come to rest."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, Colour] = ("blue", "green")


def other(colour: Colour | None) -> Colour:
    """The slot beside this one; blue, where nothing is selected yet."""
    return "green" if colour == "blue" else "blue"


class Goal(StrEnum):
    """What a run is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Phase(StrEnum):
    """How far the run in flight has come, as the record beside the route says it."""

    STABLE = "stable"  # no run is in flight
    PREPARING = "preparing"  # the intent is written, nothing has moved
    AWAITING = "awaiting"  # the candidate stands ready and waits for a person
    ABORTING = "aborting"  # the candidate is being taken away; nothing has moved
    CONVERGING = "converging"  # the route has moved; that it arrived is being proven
    BAKING = "baking"  # the new release serves, the old one stands by
    RETURNING = "returning"  # the route went back; the new release is being taken away
    HELD = "held"  # a person is needed


MOVED = frozenset({Phase.CONVERGING, Phase.BAKING, Phase.RETURNING})
"""The phases after the commit point. A guard works in them, where there is one."""


class State(StrEnum):
    """Where a run is. Those of PARKED end the walk."""

    LOOKING = "looking"
    PLANNED = "planned"
    ANNOUNCING = "announcing"
    EXPANDING = "expanding"
    PROVING = "proving"
    PROVISIONING = "provisioning"
    VERIFYING = "verifying"
    APPROVING = "approving"
    DOUBTING = "doubting"
    SWITCHING = "switching"
    GUARDED = "guarded"
    CONVERGING = "converging"
    BAKING = "baking"
    COMMITTING = "committing"
    RETIRING = "retiring"
    ROLLING_BACK = "rolling-back"
    RETURNING = "returning"
    HOLDING = "holding"
    ABORTING = "aborting"
    REFUSING = "refusing"
    SUPERSEDING = "superseding"
    # Parked
    IDLE = "idle"
    DONE = "done"
    REFUSED = "refused"
    WAITING = "waiting"
    DOUBTFUL = "doubtful"
    ABORTED = "aborted"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled-back"
    HELD = "held"
    DETACHED = "detached"
    OUSTED = "ousted"
    UNWATCHED = "unwatched"


class Event(StrEnum):
    """What came of a deed."""

    OK = "ok"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"  # a conditional write was refused: somebody else wrote
    LOST = "lost"  # the reply did not come: what is so must be looked at
    APPROVED = "approved"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"  # a later epoch exists: this process has no say any more


class ExitCode(IntEnum):
    """What a pipeline sees of a parked state; the same numbers as every verb's."""

    OK = 0
    INCOMPLETE = 3
    ABORTED = 4
    ROLLED_BACK = 5
    HELD = 6
    REFUSED = 7
    DETACHED = 8
    BUSY = 75


PARKED: dict[State, ExitCode] = {
    State.IDLE: ExitCode.OK,
    State.DONE: ExitCode.OK,
    State.REFUSED: ExitCode.REFUSED,
    State.WAITING: ExitCode.DETACHED,
    State.DOUBTFUL: ExitCode.INCOMPLETE,
    State.ABORTED: ExitCode.ABORTED,
    State.SUPERSEDED: ExitCode.ABORTED,
    State.ROLLED_BACK: ExitCode.ROLLED_BACK,
    State.HELD: ExitCode.HELD,
    State.DETACHED: ExitCode.DETACHED,
    State.OUSTED: ExitCode.BUSY,
    State.UNWATCHED: ExitCode.HELD,
}
