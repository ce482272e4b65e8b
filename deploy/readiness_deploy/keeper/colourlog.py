"""The log of a colour: its process appends, the keeper keeps it within bounds and reads its end."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_LARGEST = 8 << 20
_LAST_BYTES = 2048
_LAST_LINES = 8


def size(path: Path) -> int:
    """Bytes of the log; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def rotate(path: Path) -> bool:
    """Begin the log anew when it is too long, and keep its last 8 MiB, from the beginning of a line on, beside it.

    The process writes on into the same file, since it may be one that no later keeper can tell to open another. Lines
    that it writes in between the copy and the cut are lost, and what is longer than is kept. Where the disk is full,
    the copy is given up, not the cut. Takes no longer for a longer log, and yet what a disk takes: call it in a thread.
    """
    if size(path) <= _LARGEST:
        return False
    before = path.with_name(path.name + ".1")
    try:
        before.write_bytes(_last_lines(path))
        before.chmod(0o600)
    except OSError:
        with contextlib.suppress(OSError):
            before.unlink()
    with contextlib.suppress(OSError), path.open("r+b") as file:
        file.truncate(0)
    return True


def _last_lines(path: Path) -> bytes:
    """At most 8 MiB from the end. Of a line that is longer than that, its end. Raises OSError."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LARGEST))
        text = file.read(_LARGEST)
    return text.partition(b"\n")[2] or text


def tail(path: Path, start: int) -> str:
    """The last lines from `start` on, joined by ` | `; empty where there are none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(min(start, end), end - _LAST_BYTES))
            text = file.read(_LAST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:])
