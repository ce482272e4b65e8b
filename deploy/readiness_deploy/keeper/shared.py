"""Requests in flight, in a file that is mapped into memory, so that what a kill cuts off is known afterwards.

Each worker has a row of its own. A row whose worker does not live any more says how many requests died with it; the
next worker collects it. The file says nothing about bytes that the kernel had already taken for a client.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.states import Colour

_MAGIC = b"rdyflt01"
_ROW = struct.Struct("=QQQQ")  # process, its start in ticks since boot, in flight in blue, in green
_COUNT = struct.Struct("=Q")
_ROWS = 64
_HEAD = 32
_SIZE = _HEAD + _ROWS * _ROW.size
_OFFSET: dict[Colour, int] = {"blue": 16, "green": 24}


class NoRoom(Exception):
    """All rows belong to workers that live."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A worker that ended without giving its row back, and the requests that it had in flight."""

    process: int
    blue: int
    green: int

    @property
    def cut(self) -> int:
        return self.blue + self.green


class Shared:
    """The counters of this process. `path` is made where it does not exist; one that is no such file is made anew.

    Raises OSError where it cannot be made, NoRoom.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with self._locked():
            if os.fstat(self._file).st_size != _SIZE or os.pread(self._file, len(_MAGIC), 0) != _MAGIC:
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, _MAGIC + bytes(_SIZE - len(_MAGIC)), 0)
            self._map = mmap.mmap(self._file, _SIZE)
            self.dead = tuple(self._collect())
            self._row = self._claim()
        self._counts: dict[Colour, int] = {"blue": 0, "green": 0}
        self._final = False

    def enter(self, colour: Colour) -> None:
        """One more request is in flight."""
        count = self._counts[colour] + 1
        self._counts[colour] = count
        if self._final:
            return
        _COUNT.pack_into(self._map, self._row + _OFFSET[colour], count)

    def leave(self, colour: Colour) -> None:
        """One is over: its client has been given everything."""
        count = self._counts[colour] - 1
        self._counts[colour] = count
        if self._final:
            return
        _COUNT.pack_into(self._map, self._row + _OFFSET[colour], count)

    def in_flight(self, colour: Colour) -> int:
        """Requests of this process whose clients still wait."""
        return self._counts[colour]

    def elsewhere(self, colour: Colour) -> int:
        """Requests in flight in other workers that live: those that handed over and still finish theirs."""
        found = 0
        for at in range(_HEAD, _SIZE, _ROW.size):
            process, started, blue, green = _ROW.unpack_from(self._map, at)
            if process and at != self._row and _started(process) == started:
                found += blue if colour == "blue" else green
        return found

    def collect(self) -> tuple[Dead, ...]:
        """The rows of workers that ended since somebody looked. Each is given once, to one of those who ask."""
        with self._locked():
            return tuple(self._collect())

    def cut(self) -> None:
        """What is in flight now is cut off by this process, which is about to end: its row stays as it is."""
        self._final = True

    def close(self) -> None:
        """Give the row back, unless `cut` left it for another worker. What is still in flight was cut, and the caller
        knows of it."""
        if not self._final:
            with self._locked():
                self._map[self._row : self._row + _ROW.size] = bytes(_ROW.size)
        self._map.close()
        os.close(self._file)

    def _collect(self) -> list[Dead]:
        found = []
        for at in range(_HEAD, _SIZE, _ROW.size):
            process, started, blue, green = _ROW.unpack_from(self._map, at)
            if process and _started(process) != started:
                found.append(Dead(process, blue, green))
                self._map[at : at + _ROW.size] = bytes(_ROW.size)
        return found

    def _claim(self) -> int:
        for at in range(_HEAD, _SIZE, _ROW.size):
            if not _ROW.unpack_from(self._map, at)[0]:
                _ROW.pack_into(self._map, at, os.getpid(), _started(os.getpid()), 0, 0)
                return at
        raise NoRoom(f"{_ROWS} workers live and count already")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def _started(process: int) -> int:
    """When a process began, in ticks since boot; 0 where it is not there, or is dead and not yet waited for."""
    try:
        text = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return 0
    fields = text[text.rindex(b")") + 2 :].split()
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])
