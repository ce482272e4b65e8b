"""Progress on a terminal, for work that takes longer than a second; nothing in a pipe."""

from __future__ import annotations

import time
from typing import TextIO

from readiness.report.text import plain, shortened

_PATIENCE = 1.0  # seconds before anything is shown
_PAUSE = 0.1  # seconds between two drawings


class Bar:
    """One line that is drawn over and taken away at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._on = stream, stream.isatty()
        self._started = self._drawn = time.monotonic()
        self._about, self._shown = "", False

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def about(self, subject: str) -> None:
        self._about = subject

    def step(self, what: str, done: int, total: int) -> None:
        """Say how far a part of the work has come; `total` 0 where nobody knows."""
        if not self._on:
            return
        now = time.monotonic()
        if now - self._started < _PATIENCE or now - self._drawn < _PAUSE:
            return
        self._drawn, self._shown = now, True
        count = f" {done}/{total}" if total else ""
        self._stream.write("\r\x1b[K" + shortened(plain(f"{self._about}: {what}{count}"), 78))
        self._stream.flush()
