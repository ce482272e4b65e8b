"""The guard's keeper: starts the process that carries a run on after the commit point; goes back where none can run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from readiness_deploy.keeper.authority import Authority, Refused
from readiness_deploy.keeper.folder import Folder
from readiness_deploy.keeper.processes import INSTANCE, MARKER, Identity, Processes, alive, identity
from readiness_deploy.ports import Standing
from readiness_deploy.record import Record
from readiness_deploy.states import MOVED, Colour, Phase

_WATCHED = MOVED | {Phase.PREPARING}
"""A guard stands ready before the switch: the first answers of a new release are the ones to watch."""
_LOOK = 0.1
_LONGEST_BACKOFF = 5.0
_HOPELESS = 3
_PATIENCE = 3.0
"""Seconds that a dead release may serve beside a ready one, before the keeper goes back by itself."""
_SILENT = 20.0
"""Seconds after which a guard, or whoever walks in its place, hangs where it asks nothing of the keeper: at work they
look many times in each of them, also while a gate measures or somebody is told."""
_STRIDE = 0.5
"""Seconds of silence, at most, that one look counts: where the keeper itself stood still, nobody could be heard."""

INSTANCE_OF_GUARD = "guard"


class Guarding:
    """Keeps one guard alive while the record's phase wants one. Its methods belong to the event loop's thread."""

    def __init__(
        self,
        folder: Folder,
        authority: Authority,
        processes: Processes,
        own: Mapping[str, str],
        standing: Callable[[Colour], Standing],
        coming: Callable[[Colour], bool],
        asked_back: Callable[[], bool],
        note: Callable[..., None],
        changed: Callable[[], None],
        command: Sequence[str] = (sys.executable, "-m", "readiness_deploy.guard"),
    ) -> None:
        self.guard: Identity | None = None
        self._folder, self._authority, self._processes, self._own = folder, authority, processes, own
        self._standing, self._coming, self._asked_back = standing, coming, asked_back
        self._note, self._changed, self._command = note, changed, command
        self._failures, self._next, self._unwell_since = 0, 0.0, 0.0
        self._child: object | None = None
        self._silence, self._looked = 0.0, time.monotonic()

    def heard(self) -> None:
        """Whoever holds the lock asked something."""
        lock = self._authority.lock
        if lock is not None:
            lock.silence = 0.0
            if lock.holder.guard:
                self._silence = 0.0

    @property
    def hopeless(self) -> bool:
        """No guard stays up: whoever deploys had better walk by themselves."""
        return self._failures >= _HOPELESS

    @property
    def willing(self) -> bool:
        """Whether a guard carries on what follows the commit point: none does where a person took that over."""
        lock = self._authority.lock
        seized = lock is not None and lock.seized and not lock.holder.guard
        return not self.hopeless and not seized

    async def watch(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK)

    def look(self) -> None:
        """Start a guard where one is wanted and none runs; go back where a dead release serves and nobody acts."""
        record = self._authority.record
        self._rescue(record)
        self._mind_silence(record)
        if self.guard is not None and not self._lives():
            ended_well = record.phase not in _WATCHED
            self._failures = 0 if ended_well else self._failures + 1
            self._next = time.monotonic() + min(_LONGEST_BACKOFF, 0.1 * 2**self._failures)
            if not ended_well:
                self._note("guard ended", failures=self._failures)
            self.guard, self._child = None, None
            self._changed()
        if record.phase not in _WATCHED:
            self._failures, self._next = 0, 0.0
        elif self.guard is None and self._wanted() and time.monotonic() >= self._next:
            self._start()

    def _mind_silence(self, record: Record) -> None:
        """A guard that hangs is ended: alive as it is, it would keep another one from being started. So would anybody
        else who holds the lock: they lose it, and have no say when they wake up."""
        now = time.monotonic()
        passed = min(_STRIDE, now - self._looked)
        self._looked = now
        self._silence += passed
        lock = self._authority.lock
        if lock is not None:
            lock.silence += passed
            if lock.silence > _SILENT and record.phase in MOVED:
                lock.silence -= _PATIENCE  # until it is tried again, should the disk be full
                with contextlib.suppress(Refused):
                    self._authority.own_write(self._authority.record, oust=True)
                    self._note("lock taken from one who hangs", by=lock.holder.by, pid=lock.holder.pid)
        if self.guard is None or record.phase not in MOVED:
            self._silence = 0.0
        elif self._silence > _SILENT:
            self._silence = 0.0
            self._note("guard hangs", pid=self.guard.pid)
            self._processes.signal(self.guard, signal.SIGKILL)

    def end(self) -> None:
        """Tell the guard to go: the keeper ends."""
        if self.guard is not None:
            self._processes.signal(self.guard, signal.SIGTERM)

    def _wanted(self) -> bool:
        if self._rises(self._authority.record):
            return False
        lock = self._authority.lock
        if lock is None or lock.holder.guard:
            return True
        return not lock.seized and not self.hopeless

    def _rises(self, record: Record) -> bool:
        """Whether what is selected comes up: the machine was down, what is not up yet is not bad, and its time to come
        up is bounded. Where it failed, or somebody asks for the way back, whether the colour comes up that it leads to:
        a guard that finds it not ready yet has a person called."""
        if record.phase not in MOVED or record.selected is None:
            return False
        if self._coming(record.selected) and not self._asked_back():
            return True
        back = record.previous is not None and self._coming(record.previous)
        return back and self._standing(record.selected) is not Standing.READY

    def _lives(self) -> bool:
        poll = getattr(self._child, "poll", None)
        if poll is not None:
            poll()
        return self.guard is not None and alive(self.guard)

    def _start(self) -> None:
        environment = {**self._own, MARKER: str(self._folder.root), INSTANCE: INSTANCE_OF_GUARD}
        try:
            child = self._processes.spawn(
                [*self._command, str(self._folder.root)],
                cwd=self._folder.root,
                environment=environment,
                output=self._folder.log / "guard.log",
            )
        except (OSError, ValueError) as fault:
            self._failures += 1
            self._next = time.monotonic() + min(_LONGEST_BACKOFF, 0.1 * 2**self._failures)
            self._note("guard not started", why=str(fault))
            return
        self._child = child
        self.guard = identity(child.pid) or Identity(child.pid, -1)
        self._changed()
        self._note("guard started", pid=child.pid)

    def _rescue(self, record: Record) -> None:
        """A release that is dead must not go on serving because nobody is able to take it back."""
        if not self._is_lost(record):
            self._unwell_since = 0.0
            return
        if not self._unwell_since:
            self._unwell_since = time.monotonic()
        if time.monotonic() - self._unwell_since < _PATIENCE:
            return
        self._unwell_since = 0.0
        why = "the release is dead, and no guard took it back: the keeper did"
        intent = replace(record.intent, ending=why, ends_as="failed") if record.intent else None
        back = record.but(
            phase=Phase.RETURNING, selected=record.previous, previous=None, intent=intent, retire_after=None
        )
        with contextlib.suppress(Refused):
            self._authority.own_write(back, oust=True)
            self._note("taken back by the keeper", release=record.intent.release.id if record.intent else "", why=why)

    def _is_lost(self, record: Record) -> bool:
        if record.phase not in (Phase.CONVERGING, Phase.BAKING) or record.intent is None:
            return False
        if record.selected is None or record.previous is None or record.intent.release.data_unsafe:
            return False
        dead = self._standing(record.selected) in (Standing.DEAD, Standing.STARTING, Standing.ABSENT)
        return dead and not self._coming(record.selected) and self._standing(record.previous) is Standing.READY
