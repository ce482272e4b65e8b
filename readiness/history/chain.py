"""The chain of hashes through the events of a run: what was changed afterwards does not fit any more.

It shows damage and careless edits. Who can write the file and knows this program can write a whole new chain; whoever
wants more keeps a copy of the last hash elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from readiness.history import store

BEGUN, ENDED = "begun", "ended"
BEGINNING = (
    "service", "environment", "release", "version", "goal", "by", "reason", "plan", "verdict", "committed", "started",
)  # fmt: skip
ENDING = ("outcome", "exit", "ended")


def link(before: str, run: str, seq: int, at: str, what: str, details: str) -> str:
    """The hash of an event that comes after one with the hash `before`; the first comes after an empty text."""
    text = json.dumps([before, run, seq, at, what, details], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(path: Path) -> tuple[str, ...]:
    """What does not fit, as sentences; empty where all of it does. A file that is not there fits."""
    if not path.exists():
        return ()
    try:
        connection = store.read_only(path)
    except store.Nothing:
        return ()
    except (store.Unusable, sqlite3.Error) as fault:
        return (f"{path} cannot be read: {fault}",)
    found: list[str] = []
    try:
        for problem in _problems(connection):
            found.append(problem)
    except (sqlite3.Error, ValueError, OverflowError, TypeError) as fault:
        # What was found before the reading ended stays found.
        found.append(f"{path} is damaged: {fault}")
    finally:
        connection.close()
    return tuple(found)


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check(20)").fetchall():
        if said != "ok":
            yield f"the database is damaged: {said}"
    heads = {run: (seq, hash_) for run, seq, hash_ in connection.execute("SELECT run, seq, hash FROM heads")}
    told: dict[str, dict[str, object]] = {}
    last: dict[str, tuple[int, str]] = {}
    rows = connection.execute("SELECT run, seq, at, what, details, hash FROM events ORDER BY run, seq")
    for run, seq, at, what, details, hash_ in rows:
        number, before = last.get(run, (0, ""))
        if seq != number + 1:
            yield f"run {run}: event {number + 1} is missing"
        if link(before, run, seq, at, what, details) != hash_:
            yield f"run {run}: event {seq} ({what}) is not what was written"
        last[run] = (seq, hash_)
        if what in (BEGUN, ENDED):
            told.setdefault(run, {}).update(json.loads(details))
    for run in sorted({*heads, *last}):
        if heads.get(run) != last.get(run):
            yield f"run {run}: its last events are missing"
    yield from _rows(connection, told)


def _rows(connection: sqlite3.Connection, told: dict[str, dict[str, object]]) -> Iterator[str]:
    """Where the table of runs says something else than their events."""
    names = ("run", *BEGINNING, *ENDING)
    seen = set()
    for row in connection.execute(f"SELECT {', '.join(names)} FROM runs"):  # noqa: S608 - names of our own
        said = dict(zip(names, row, strict=True))
        run = str(said.pop("run"))
        seen.add(run)
        wanted = {"outcome": "", "exit": None, "ended": None, **told.get(run, {})}
        for name in (n for n in said if said[n] != wanted.get(n)):
            yield f"run {run}: its {name} is not what its events say"
    for run in sorted(run for run, fields in told.items() if run not in seen and "service" in fields):
        yield f"run {run}: it is not in the list of runs"
