"""Attempts at one migration: what may be tried again is, with a growing and uneven pause between."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from readiness_deploy.ports import Clock, Lost, Patience

_FIRST = 0.1
_LONGEST = 2.0


class Locked(Exception):
    """A lock was not to be had in time. The transaction is rolled back."""


class Away(Exception):
    """The connection is gone. Whether a COMMIT under way took effect is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often, and what ends it early. `stopped` says why this process was asked to end, or nothing."""

    attempts: int
    clock: Clock
    stopped: Callable[[], str] = lambda: ""

    def run(self, once: Callable[[], None]) -> None:
        """Call `once` until it returns. It must look itself whether an earlier call took effect.

        Raises Patience after Locked, Lost after Away; what else `once` raises is passed on.
        """
        pause = _FIRST
        for left in reversed(range(self.attempts)):
            try:
                return once()
            except (Locked, Away) as fault:
                why = self.stopped()
                if left and not why:
                    self.clock.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
                    pause = min(_LONGEST, pause * 2)
                    continue
                said = f"{fault} (asked to stop: {why})" if why else f"{fault} ({self.attempts} attempts)"
                raise (Patience(said) if isinstance(fault, Locked) else Lost(said)) from None
        raise AssertionError("at least one attempt is made")
