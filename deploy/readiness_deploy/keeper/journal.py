"""What the keeper saw and did: the last events in memory, for whoever watches, and a bounded file of them."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

_KEPT = 1000
_LARGEST_FILE = 8 << 20

Event = dict[str, Any]
Listener = Callable[[Event], None]


def stamp() -> str:
    """Date and time in UTC (RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Events of this keeper, the newest last. Noting one never fails: a full disk stops no release."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._listeners: list[Listener] = []
        self._number = 0

    def note(self, what: str, **details: Any) -> None:
        """One event, told to everybody who listens."""
        self._number += 1
        event = {"n": self._number, "at": stamp(), "what": what, **details}
        self._events.append(event)
        self._write(event)
        for listener in tuple(self._listeners):
            listener(event)

    def last(self, most: int) -> list[Event]:
        """The newest events, oldest first."""
        return list(self._events)[-most:] if most else []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell this listener of each event from now on. Returns what ends it."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def _write(self, event: Event) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            if self._file.exists() and self._file.stat().st_size > _LARGEST_FILE:
                self._file.replace(self._file.with_name(self._file.name + ".1"))
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, msgspec.json.encode(event) + b"\n")
            finally:
                os.close(handle)
