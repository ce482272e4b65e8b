"""A copy of a SQLite file as it was before the first migration of a run. For people: nothing here reads it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from readiness_deploy.migrations.attempts import Locked
from readiness_deploy.ports import Unfit

KEPT = 3


def snapshot(path: Path, migration: str, patience: float) -> None:
    """Copy the database beside itself, and keep the newest three. Writers are held back by a WAL file not at all.

    Where the newest was made before the same migration, that one was not applied, and its copy gives way to this one.
    Raises Unfit where there is no room or it cannot be written, Locked where somebody else is at it or writes for long.
    """
    size = sum(p.stat().st_size for p in (path, Path(f"{path}-wal")) if p.exists())
    free = shutil.disk_usage(path.parent).free
    if free < size * 2:
        raise Unfit(f"no room for a snapshot of {path}: it needs {size * 2 >> 10} KiB, there are {free >> 10} KiB")
    try:
        with _alone(path.with_name(f"{path.name}.before-partial")) as partial:
            _copy(path, partial, patience)
            number, newest = max(_made(path), default=(0, path))
            name = re.sub(r"[^\w.-]", "_", migration)[:80]
            number += not newest.name.endswith(f".before-{number:04}-{name}")
            partial.replace(path.with_name(f"{path.name}.before-{number:04}-{name}"))
        for _, old in sorted(_made(path))[:-KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Locked(f"{path}: no snapshot while somebody else is writing") from None
        raise Unfit(f"{path}: no snapshot can be made ({fault}), and without one nothing is changed") from None


@contextmanager
def _alone(partial: Path) -> Iterator[Path]:
    """An empty file that nobody else writes to; what a process that was killed left of it is used again."""
    descriptor = os.open(partial, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino != partial.stat().st_ino:  # its owner has finished it under our hands
            raise FileNotFoundError
        os.ftruncate(descriptor, 0)
        yield partial
        os.fsync(descriptor)
    except (BlockingIOError, FileNotFoundError):
        raise Locked(f"somebody else is making a snapshot of {partial.parent}") from None
    finally:
        os.close(descriptor)


def _copy(path: Path, partial: Path, patience: float) -> None:
    with closing(sqlite3.connect(path, timeout=patience)) as source, closing(sqlite3.connect(partial)) as copy:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # waits for its turn, which a backup does not
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def _made(path: Path) -> list[tuple[int, Path]]:
    """The snapshots that are there, by their numbers."""
    shape = re.compile(re.escape(path.name) + r"\.before-(\d+)-.*")
    return [(int(m[1]), p) for p in path.parent.iterdir() if (m := shape.fullmatch(p.name))]
