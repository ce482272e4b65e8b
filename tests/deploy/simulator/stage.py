"""Several actors on one machine, one at a time: who goes on is decided at calls and at sleeps, never by the system.

Every actor is a thread that waits for its baton, so that real code runs unchanged, and the same seed gives the same
play. Where there is only one actor, there is no thread.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from readiness_deploy.ports import Busy, Holder
from readiness_deploy.states import MOVED

from simulator.faults import Crash, Violation
from simulator.machine import Machine

LONGEST = 20_000
PATIENCE = 30.0


class Part:
    """One actor's place on the stage: what it plays, and what came of it."""

    def __init__(self, name: str, play: Callable[[], Any], *, background: bool = False) -> None:
        self.name = name
        self.play = play
        self.background = background
        self.baton = threading.Semaphore(0)
        self.wake = 0.0
        self.frozen = False
        self.done = False
        self.crashed = False
        self.result: Any = None
        self.fault: BaseException | None = None
        self.calls = 0


class Stage:
    """See the module. `freezes` are (name, call) at which an actor stops until the others have ended or frozen too;
    `chance` makes it stop at random calls instead. `guard` makes the guard's part."""

    def __init__(
        self,
        machine: Machine,
        *,
        freezes: frozenset[tuple[str, int]] = frozenset(),
        chance: tuple[int, float] | None = None,
        guard: Callable[[], Part] | None = None,
    ) -> None:
        self.machine = machine
        self.freezes = freezes
        self.random = random.Random(chance[0]) if chance else None  # noqa: S311 - a play, to be repeated from its seed
        self.chance = chance[1] if chance else 0.0
        self.guard = guard
        self.parts: list[Part] = []
        self.current: Part | None = None
        self.threaded = False
        self.over = threading.Semaphore(0)

    def play(self, *parts: Part) -> None:
        """Play all parts to their end. Raises the first Violation or unforeseen exception."""
        self.parts = list(parts)
        if len(parts) == 1 and self.guard is None:
            self.current = parts[0]
            self._perform(parts[0])
        else:
            self.threaded = True
            for part in parts:
                self._enter(part)
            self.current = parts[0]
            parts[0].baton.release()
            if not self.over.acquire(timeout=PATIENCE):
                raise Violation("ends: the play did not end")
        for part in self.parts:
            if part.fault is not None:
                raise part.fault

    def _enter(self, part: Part) -> None:
        def body() -> None:
            part.baton.acquire()
            if not self._broken():
                self._perform(part)
            self._hand_on()

        threading.Thread(target=body, daemon=True).start()

    def _perform(self, part: Part) -> None:
        try:
            part.result = part.play()
        except Crash:
            part.crashed = True
        except BaseException as fault:  # noqa: BLE001 - raised again on the thread of the test
            part.fault = fault
        part.done = True

    # Turns

    def boundary(self) -> None:
        """An actor is about to do something."""
        part = self.current
        assert part is not None
        part.calls += 1
        if part.calls > LONGEST:
            raise Violation(f"ends: {part.name} made {part.calls} calls")
        self._call_guard()
        self._bystander()
        if not self.threaded:
            return
        stop = (part.name, part.calls) in self.freezes
        if self.random and not part.background:
            stop = stop or self.random.random() < self.chance
        if stop:
            for other in self.parts:
                other.frozen = False
            part.frozen = True
            self._hand_on()

    def _bystander(self) -> None:
        """Somebody else tries to deploy at every moment; a lock that is held keeps them out."""
        lock = self.machine.lock
        if lock.holder is None:
            return
        try:
            self.machine.take("bystander", Holder(by="bystander", host="there", pid=2, run="", since=""))
        except Busy:
            return
        raise Violation(f"lock: {lock.owner} holds it, and somebody else got it")

    def sleep(self, seconds: float) -> None:
        """An actor waits."""
        part = self.current
        assert part is not None
        part.wake = self.machine.now + max(seconds, 0.001)
        self._call_guard()
        if not self.threaded:
            self.machine.advance(part.wake)
            return
        self._hand_on()

    def _call_guard(self) -> None:
        if self.guard is None or self.machine.record.phase not in MOVED or self.machine.lock.seized:
            return
        if any(p.background and not p.done for p in self.parts):
            return
        part = self.guard()
        part.wake = self.machine.now + 0.05
        self.parts.append(part)
        self._enter(part)

    def _next(self) -> Part | None:
        alive = [p for p in self.parts if not p.done]
        if not alive or any(p.fault is not None for p in self.parts):
            return None
        awake = [p for p in alive if not p.frozen]
        if not awake:
            awake = alive
            for part in alive:
                part.frozen = False
        return min(awake, key=lambda p: (max(p.wake, self.machine.now), p is self.current))

    def _hand_on(self) -> None:
        mine = self.current
        self._call_guard()
        part = self._next()
        if part is None:
            self._curtain(mine)
            return
        self.machine.advance(part.wake)
        if part is mine:
            return
        self.current = part
        part.baton.release()
        if mine is not None and not mine.done:
            mine.baton.acquire()
            self.current = mine
            if self._broken():
                raise Crash

    def _broken(self) -> bool:
        return any(p.fault is not None for p in self.parts)

    def _curtain(self, mine: Part | None) -> None:
        """The last one has ended, or something broke: let everybody go."""
        if self._broken():
            for part in self.parts:
                if not part.done and part is not mine:
                    part.done = True
                    part.baton.release()
        self.over.release()
        if mine is not None and not mine.done:
            raise Crash
