"""Reading history: runs, and what happened in them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.history import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. Times are in UTC (RFC 3339); `committed` is when the version was written, where that is known.

    `exit` and `ended` are None, and `outcome` empty, while it goes on or where its end was lost.
    """

    run: str
    service: str
    environment: str
    release: str
    version: str
    goal: str = "deploy"
    by: str = ""
    reason: str = ""
    plan: str = ""
    verdict: str = ""
    committed: str = ""
    started: str = ""
    outcome: str = ""
    exit: int | None = None
    ended: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of a run. `hash` is that of the chain up to it."""

    run: str
    seq: int
    at: str
    what: str
    details: dict[str, Any] = field(default_factory=dict)
    hash: str = ""


def runs(path: Path, most: int = 100, *, service: str = "", environment: str = "") -> tuple[Run, ...]:
    """The newest runs, the newest first. None where nothing was ever kept. Raises Unusable."""
    names = tuple(Run.__dataclass_fields__)
    rows = _asked(
        path,
        f"SELECT {', '.join(names)} FROM runs "  # noqa: S608 - names of our own
        "WHERE (?1 = '' OR service = ?1) AND (?2 = '' OR environment = ?2) ORDER BY started DESC, rowid DESC LIMIT ?3",
        (service, environment, most),
    )
    return tuple(Run(**dict(zip(names, row, strict=True))) for row in rows)


def events(path: Path, run: str) -> tuple[Happened, ...]:
    """What happened in a run, in its order. Raises Unusable."""
    rows = _asked(path, "SELECT run, seq, at, what, details, hash FROM events WHERE run = ? ORDER BY seq", (run,))
    try:
        return tuple(
            Happened(run=r, seq=seq, at=at, what=what, details=dict(json.loads(details)), hash=hash_)
            for r, seq, at, what, details, hash_ in rows
        )
    except (ValueError, TypeError) as fault:
        raise store.Unusable(f"an event of run {run} in {path} is damaged: {fault}") from None


def _asked(path: Path, question: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """The rows of an answer; none where nothing was ever written."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(store.read_only(path)) as connection:
            return connection.execute(question, values).fetchall()
    except store.Nothing:
        return []
    except (sqlite3.Error, ValueError, OverflowError) as fault:
        raise store.Unusable(f"{path} cannot be read: {fault}") from None
