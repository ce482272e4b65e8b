"""The route file: the record on the disk, and what is done when it cannot be read."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.record import LARGEST, Record, Unreadable, decode, encode

_RESERVE = ".reserve"


class Unusable(Exception):
    """There is a record, and it must not be touched: a newer program wrote it. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the folder held. `record` is None where nothing can be read; `doubt` says in words why it is not certain,
    and is empty where it is. `fresh` is a folder in which no record ever was."""

    record: Record | None
    doubt: str = ""
    fresh: bool = False


def load(folder: Folder) -> Found:
    """The record of this folder. Raises Unusable for a record of a later format, which is not guessed at.

    Where route.json cannot be read, the one before it is returned, with the doubt: it may be one write too old.
    """
    now, fault = _read(folder.route)
    if now is not None:
        return Found(now)
    before, earlier = _read(folder.route_before)
    if not fault and not earlier and before is None:
        return Found(Record(), fresh=True)
    why = f"{folder.route}: {fault or 'the file is missing'}"
    if before is None:
        return Found(None, why)
    return Found(before, f"{why}; {folder.route_before.name} is used, which may be one write too old")


def store(folder: Folder, record: Record, files: Files) -> str:
    """Put the record on the disk. Raises OSError where it is not there; then the old one still is.

    Returns a warning where the record is there, and only that it would survive a loss of power is not certain.
    """
    text = encode(record)
    if len(text) > LARGEST:
        raise OSError(0, f"the record has {len(text)} bytes, and {LARGEST} are the most")
    temporary = files.write_temporary(folder.route, text)
    files.keep(folder.route, folder.route_before)
    files.replace(temporary, folder.route)
    try:
        files.sync(folder.root)
    except OSError as fault:
        return f"the route is written, but the folder was not synced: {fault.strerror}"
    return ""


def make_reserve(folder: Folder) -> bool:
    """Lay some room aside, so that a full disk does not stop the way back. False where there is none to lay aside."""
    reserve = folder.root / _RESERVE
    try:
        if reserve.exists() and reserve.stat().st_size >= LARGEST * 2:
            return True
        handle = os.open(reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, LARGEST * 2)
        finally:
            os.close(handle)
    except OSError:
        with contextlib.suppress(OSError):
            reserve.unlink(missing_ok=True)
        return False
    return True


def release_reserve(folder: Folder) -> bool:
    """Give the room back to the disk; whether there was some."""
    try:
        (folder.root / _RESERVE).unlink()
    except OSError:
        return False
    return True


def keep_unreadable(folder: Folder) -> None:
    """Leave what could not be read where a person can look at it, before it is written over. Raises OSError."""
    if folder.route.exists():
        folder.route.replace(folder.route.with_name("route.json.unreadable"))


def _read(path: Path) -> tuple[Record | None, str]:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as fault:
        return None, f"it cannot be read: {fault.strerror}"
    if len(text) > LARGEST:
        return None, f"wanted a record of at most {LARGEST} bytes, found more"
    try:
        return decode(text), ""
    except Unreadable as fault:
        if "newer readiness" in str(fault):
            raise Unusable(f"{path}: {fault}. Use that readiness again, or move the file away.") from None
        return None, str(fault)
