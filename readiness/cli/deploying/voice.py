"""Standard output that may vanish. Nothing that happens to it changes a rollout: who reads is told, never needed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
from typing import Any

from readiness.report.text import no_command


class Voice:
    """Writes whole lines, from any thread. A stream that takes no more is given up. `works` says that what is told of
    goes on without anybody who reads."""

    def __init__(self, *, works: bool = False) -> None:
        self._lock, self.works = threading.Lock(), works
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        self.lost = ""

    def say(self, text: str = "") -> None:
        """Lines for whoever reads. No line is a command to a pipeline."""
        self._write("".join(no_command(line) + "\n" for line in text.split("\n")))

    def data(self, value: dict[str, Any]) -> None:
        """One object on one line."""
        self._write(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str) + "\n")

    def aside(self, text: str) -> None:
        """A line beside the answer, for a person."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stderr.write("".join(no_command(line) + "\n" for line in text.split("\n")))
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        with self._lock:
            if self.lost:
                return
            try:
                sys.stdout.write(text)
                sys.stdout.flush()
            except (OSError, ValueError) as fault:
                self._give_up(fault)

    def _give_up(self, fault: Exception) -> None:
        self.lost = (fault.strerror if isinstance(fault, OSError) else "") or str(fault)
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        with contextlib.suppress(OSError, ValueError):
            more = "; the work goes on, `readiness status` shows it" if self.works else ""
            sys.stderr.write(f"standard output takes no more ({self.lost}){more}\n")
