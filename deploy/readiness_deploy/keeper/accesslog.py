"""The access log: one line of JSON for each request. Queries are never written, since they hold secrets at times."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LARGEST = 64 << 20
_MOST_WAITING = 10_000
_PAUSE = 0.5


class AccessLog:
    """Writes lines to `path` (0600) twice a second. A file of 64 MiB becomes `path`.1, in place of the one before.

    A log that cannot be written costs its lines and nothing else: `note` is told once, and again when it works.
    """

    def __init__(self, path: Path, note: Callable[..., None], loop: asyncio.AbstractEventLoop) -> None:
        self._path, self._note, self._loop = path, note, loop
        self._waiting: list[dict[str, Any]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False
        self.dropped = 0

    def write(self, **details: Any) -> None:
        """One request."""
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(details)
        if self._timer is None:
            self._timer = self._loop.call_later(_PAUSE, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        try:
            self._append(text)
        except OSError as fault:
            self.dropped += len(lines)
            if not self._failing:
                self._note("access log failed", path=str(self._path), why=fault.strerror or type(fault).__name__)
            self._failing = True
            return
        if self._failing:
            self._note("access log works", path=str(self._path), dropped=self.dropped)
        self._failing = False

    def _append(self, text: bytes) -> None:
        # Opened each time: whoever else turns the log over finds it let go.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size > _LARGEST:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                os.close(file)
                file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            view = memoryview(text)
            while view:
                view = view[os.write(file, view) :]
        finally:
            os.close(file)
