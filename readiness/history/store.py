"""The file that history lies in: SQLite, private to its user, with a version, put aside when it is damaged."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

VERSION = 1
"""Of the tables. A file of a later version is read by later programs only."""
_APPLICATION = 0x52_44_59_31  # "RDY1": a database of somebody else is not touched
_TABLES = """
CREATE TABLE runs (
  run TEXT PRIMARY KEY, service TEXT NOT NULL, environment TEXT NOT NULL, release TEXT NOT NULL, version TEXT NOT NULL,
  goal TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, plan TEXT NOT NULL, verdict TEXT NOT NULL,
  committed TEXT NOT NULL, started TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '', exit INTEGER, ended TEXT
);
CREATE TABLE events (
  run TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL, details TEXT NOT NULL,
  hash TEXT NOT NULL, PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE heads (run TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL);
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HALF_DONE = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)
_COMPANIONS = ("", "-wal", "-shm", "-journal")


class Unusable(Exception):
    """History cannot be kept or read here. The text says why and what to do."""


class Nothing(Unusable):
    """The file is there, and nothing was written to it yet."""


def connect(path: Path, busy: float) -> sqlite3.Connection:
    """The database, made where there is none; `busy` seconds are waited for a lock. Raises Unusable, sqlite3.Error."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(path)
    except OSError as fault:
        raise Unusable(f"{path} cannot be written: {fault.strerror or fault}") from None
    connection = sqlite3.connect(path, timeout=busy, isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """The database for reading. What a writer that was killed left half done is undone first. Raises Unusable,
    sqlite3.Error."""
    try:
        return _for_reading(path)
    except sqlite3.Error as fault:
        if getattr(fault, "sqlite_errorcode", 0) not in _HALF_DONE:
            raise
    with contextlib.closing(_opened(path, "rw")) as connection:
        connection.execute("PRAGMA user_version").fetchone()
    return _for_reading(path)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=5, isolation_level=None)


def _for_reading(path: Path) -> sqlite3.Connection:
    connection = _opened(path, "ro")
    try:
        connection.execute("BEGIN")  # all that is read is of one instant, whatever is written meanwhile
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        _refuse_strangers(connection, path, version)
        if version == 0:
            empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            raise (Nothing if empty else Unusable)(f"{path} holds no history")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing. A failure to take it back is not told over the one that was the reason."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def is_damage(fault: sqlite3.Error) -> bool:
    """Whether it says that the file is no sound database."""
    return (getattr(fault, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def is_busy(fault: sqlite3.Error) -> bool:
    """Whether it says that somebody else holds the lock."""
    return (getattr(fault, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def identity(path: Path) -> int:
    """What tells this file from another one of that name; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def put_aside(path: Path, seen: int) -> Path | None:
    """Rename the damaged database `seen` (its identity), so that a new one can be made; nothing where another process
    was faster. Says where it lies now. Raises OSError."""
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if identity(path) != seen:
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        for companion in _COMPANIONS:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
        return aside


def _make_private(path: Path) -> None:
    """An empty file of the user's own, before SQLite makes one: its companions get the same rights."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise Unusable(f"{path} is no regular file: history is kept in a file of its own")
    if status.st_uid != os.geteuid():
        raise Unusable(f"{path} belongs to another user")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection, "DEFERRED"):  # another process may be making the tables
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        _refuse_strangers(connection, path, version)
    if version == VERSION:
        return
    with transaction(connection):
        # Another process may have made them in between.
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _TABLES.split(";\n")[:-1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _refuse_strangers(connection: sqlite3.Connection, path: Path, version: int) -> None:
    if version > VERSION:
        said = f"{path} was written by a newer readiness (version {version}, this one knows {VERSION})"
        raise Unusable(f"{said}: use that one, or move the file away")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != _APPLICATION and (version or tables):
        raise Unusable(f"{path} is a database of another program: move it away")
