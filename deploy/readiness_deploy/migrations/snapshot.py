"""A copy of a SQLite file as it was just before a migration. It is made for people, and read by nothing here."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from readiness_deploy.ports import Patience, Unfit

KEPT = 3


def snapshot(path: Path, migration: str, patience: float) -> Path:
    """Copy the database beside itself, and keep the newest three. Writers are held back by a WAL file not at all.

    Raises Unfit where there is no room or it cannot be written, Patience where the file stays locked.
    """
    size = sum(p.stat().st_size for p in (path, Path(f"{path}-wal")) if p.exists())
    free = shutil.disk_usage(path.parent).free
    if free < size * 2:
        raise Unfit(f"no room for a snapshot of {path}: it needs {size * 2 >> 10} KiB, there are {free >> 10} KiB")
    number = max((n for n, _ in _made(path)), default=0) + 1
    name = re.sub(r"[^\w.-]", "_", migration)[:80]
    target = path.with_name(f"{path.name}.before-{number:04}-{name}")
    partial = path.with_name(f"{path.name}.before-partial")
    try:
        _copy(path, partial, patience)
        partial.replace(target)
        for _, old in sorted(_made(path))[:-KEPT]:
            old.unlink(missing_ok=True)
    except sqlite3.OperationalError as fault:
        partial.unlink(missing_ok=True)
        if fault.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Patience(f"{path}: no snapshot while somebody else is writing") from None
        raise Unfit(f"{path}: no snapshot can be made ({fault}), and without one nothing is changed") from None
    except (OSError, sqlite3.Error) as fault:
        partial.unlink(missing_ok=True)
        raise Unfit(f"{path}: no snapshot can be made ({fault}), and without one nothing is changed") from None
    return target


def _copy(path: Path, partial: Path, patience: float) -> None:
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(descriptor)
    with closing(sqlite3.connect(path, timeout=patience)) as source, closing(sqlite3.connect(partial)) as copy:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # waits for its turn, which a backup does not
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _made(path: Path) -> list[tuple[int, Path]]:
    """The snapshots that are there, by their numbers."""
    shape = re.compile(re.escape(path.name) + r"\.before-(\d+)-.*")
    return [(int(m[1]), p) for p in path.parent.iterdir() if (m := shape.fullmatch(p.name))]
