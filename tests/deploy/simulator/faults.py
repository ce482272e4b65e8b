"""What may befall an actor at one of its calls. Calls are numbered from 1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Crash(BaseException):
    """The process is gone. No `except Exception` and no `finally` of the dead may change the world."""


class Violation(BaseException):
    """A promise is broken. Carries the name of the promise."""


class Kind(StrEnum):
    """Where in a call, and what."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    LOST_BEFORE = "no reply, nothing done"
    LOST_AFTER = "no reply, all done"
    INTERRUPT = "somebody presses Ctrl-C"
    MEDDLE = "somebody else writes the record"
    FREEZE = "somebody freezes releases"
    CONFLICT = "refused: another generation"
    FENCE = "refused: a later epoch"
    BREAK_NEW = "the candidate breaks down"
    BREAK_OLD = "the old release breaks down"


FOREVER = 10**9
CRASHES = (Kind.CRASH_BEFORE, Kind.CRASH_AFTER)
REFUSALS = (Kind.CONFLICT, Kind.FENCE)
BREAKDOWNS = (Kind.BREAK_NEW, Kind.BREAK_OLD)
EVENTS = (Kind.INTERRUPT, Kind.MEDDLE, Kind.FREEZE, *BREAKDOWNS)
LOSSES = (Kind.LOST_BEFORE, Kind.LOST_AFTER)


@dataclass(slots=True)
class Fault:
    """One fault for one actor: at its call `at`, counted among all calls, or among those that change the world.

    `happened` says afterwards whether there was such a call. `times` calls in a row are hit (losses only);
    with `only`, of those the ones through this door.
    """

    kind: Kind
    at: int
    every_call: bool = True
    times: int = 1
    only: str = ""
    happened: bool = False
    struck: str = ""

    def strikes(self, name: str, call: int, effect: int | None, kinds: tuple[Kind, ...]) -> bool:
        """Whether it happens now."""
        if self.only and self.only != name:
            return False
        number = call if self.every_call else effect
        if self.kind not in kinds or number is None or not self.at <= number < self.at + self.times:
            return False
        self.happened, self.struck = True, name
        return True
