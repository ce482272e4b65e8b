"""Writing history, as long as that works. Nothing that goes wrong here reaches the rollout that it tells about."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readiness.history import store
from readiness.history.background import Background
from readiness.history.chain import BEGINNING, BEGUN, ENDED, link
from readiness.history.reading import Run

BUSY = 5.0
"""Seconds that another process is waited for, once; after that no longer than a moment, until it goes again."""
RUNS = 1000
"""How many runs are kept; a new one takes the place of the oldest."""
_MOMENT = 0.1
_ANEW = 3
_LARGEST = 64 << 10
_Write = Callable[[sqlite3.Connection], None]


def now() -> str:
    """Date and time in UTC (RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """The history of one run, written beside it. It never raises and never waits; `close` waits a bounded time.

    Where something cannot be written it is dropped: `warn` gets one sentence for each kind of trouble, and the first
    event that can be written again is followed by one that counts the lost. `redact` takes secrets out of all that is
    written. Without `begin` it continues a run that another process began: `run` says which.
    """

    def __init__(
        self,
        path: Path,
        run: str = "",
        *,
        redact: Callable[[str], str] = str,
        warn: Callable[[str], None] = lambda _text: None,
        stamp: Callable[[], str] = now,
        busy: float = BUSY,
    ) -> None:
        self._path, self._run, self._redact, self._warn, self._stamp = path, run, redact, warn, stamp
        self._busy, self._patience = busy, busy
        self._connection: sqlite3.Connection | None = None
        self._seen = 0
        self._begun: Run | None = None
        self._lost = 0
        self._anew = 0
        self._warned: set[str] = set()
        self._given_up = False
        self._background: Background[_Write] = Background("history", self._do, self._shut)

    def begin(self, run: Run) -> None:
        """A run begins, or is taken up again."""
        run = self._clean(run if run.started else replace(run, started=self._stamp()))
        self._run, self._begun = run.run, run
        self._put(lambda connection: _begin(connection, run))

    def note(self, what: str, **details: Any) -> None:
        """One event, of the run that the details name or else of this one."""
        try:
            run, at = str(details.pop("run", "") or self._run), self._stamp()
            text = self._text(details)
        except Exception as fault:  # noqa: BLE001 - whatever the details are, the rollout goes on
            self._tell("details", f"an event `{what}` cannot be written: {type(fault).__name__}")
            self._lost += 1
            return
        self._put(lambda connection: _append(connection, run, at, self._redact(what), text))

    def end(self, outcome: str, exit_code: int, run: str = "") -> None:
        """The run ended so. Said again, by whoever went on with it, the last one counts."""
        run, at = run or self._run, self._stamp()
        self._put(lambda connection: _end(connection, run, outcome, exit_code, at))

    def close(self, within: float = BUSY) -> None:
        """Write what is left, for at most so many seconds."""
        if not self._background.close(within):
            self._tell("late", f"history in {self._path} is incomplete: it could not be written in {within:g} s")

    def _put(self, write: _Write) -> None:
        if not self._background.put(write):
            self._lost += 1
            self._tell("late", f"history in {self._path} is incomplete: events came faster than they can be written")

    def _do(self, write: _Write) -> None:
        """In the thread that writes, where the connection belongs."""
        if self._given_up:
            return
        try:
            try:
                self._write(write)
            except sqlite3.Error as fault:
                if not store.is_damage(fault):
                    raise
                self._start_anew(fault)
                self._write(write)
        except store.Unusable as fault:
            self._given_up = True
            self._tell("unusable", f"history is not kept: {fault}")
        except (sqlite3.Error, OSError) as fault:
            self._drop(fault)

    def _write(self, write: _Write) -> None:
        connection = self._connection
        if connection is None or store.identity(self._path) != self._seen:
            connection = self._open()
        connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
        with store.transaction(connection):
            write(connection)
            lost = self._lost  # more may be lost meanwhile, which the next write tells
            if lost:
                _append(connection, self._run, self._stamp(), "history lost", json.dumps({"events": lost}))
        self._lost -= lost
        self._patience = self._busy

    def _open(self) -> sqlite3.Connection:
        """Open it, or what somebody put in its place; a run that began in a lost one begins in this one too."""
        self._shut()
        self._connection = connection = store.connect(self._path, self._patience)
        self._seen = store.identity(self._path)
        if self._begun is not None:
            begun = self._begun
            with store.transaction(connection):
                _begin(connection, begun)
        return connection

    def _start_anew(self, fault: sqlite3.Error) -> None:
        seen = self._seen or store.identity(self._path)
        self._shut()
        self._anew += 1
        if self._anew > _ANEW:
            raise store.Unusable(f"{self._path} is damaged again and again ({fault})")
        aside = store.put_aside(self._path, seen)
        if aside:
            self._tell("damaged", f"history in {self._path} is damaged ({fault}): it lies in {aside.name} now")

    def _drop(self, fault: sqlite3.Error | OSError) -> None:
        self._lost += 1
        if isinstance(fault, sqlite3.Error) and store.is_busy(fault):
            self._patience = _MOMENT
            self._tell("busy", f"history in {self._path} is incomplete: another process holds it for {self._busy:g} s")
            return
        self._shut()
        self._tell("broken", f"history in {self._path} is incomplete: {fault}")

    def _shut(self) -> None:
        connection, self._connection, self._seen = self._connection, None, 0
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _tell(self, kind: str, text: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            with contextlib.suppress(Exception):
                self._warn(self._redact(text))

    def _clean(self, run: Run) -> Run:
        texts = {n: v for n, v in asdict(run).items() if isinstance(v, str) and n != "run"}
        clean: dict[str, Any] = {name: self._redact(value) for name, value in texts.items()}
        return replace(run, **clean)

    def _text(self, details: dict[str, Any]) -> str:
        text = self._redact(json.dumps(details, default=str, ensure_ascii=False, sort_keys=True))
        if len(text) > _LARGEST:
            return json.dumps({"cut": text[:_LARGEST]})
        json.loads(text)  # what redaction left has to be read again
        return text


def _begin(connection: sqlite3.Connection, run: Run) -> None:
    names = ("run", *BEGINNING)
    said = {name: getattr(run, name) for name in names}
    marks = ", ".join(f":{n}" for n in names)
    made = connection.execute(
        f"INSERT OR IGNORE INTO runs ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 - names of our own
        said,
    )
    if made.rowcount:
        del said["run"]
        _append(connection, run.run, run.started, BEGUN, json.dumps(said, sort_keys=True))
        _forget(connection)


def _append(connection: sqlite3.Connection, run: str, at: str, what: str, details: str) -> None:
    row = connection.execute("SELECT seq, hash FROM heads WHERE run = ?", (run,)).fetchone()
    number, before = row or (0, "")
    hash_ = link(before, run, number + 1, at, what, details)
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", (run, number + 1, at, what, details, hash_))
    connection.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (run, number + 1, hash_))


def _end(connection: sqlite3.Connection, run: str, outcome: str, exit_code: int, at: str) -> None:
    connection.execute("UPDATE runs SET outcome = ?, exit = ?, ended = ? WHERE run = ?", (outcome, exit_code, at, run))
    said = {"outcome": outcome, "exit": exit_code, "ended": at}
    _append(connection, run, at, ENDED, json.dumps(said, sort_keys=True))


def _forget(connection: sqlite3.Connection) -> None:
    newest = "SELECT run FROM runs ORDER BY started DESC, rowid DESC LIMIT -1 OFFSET ?"
    old = connection.execute(newest, (RUNS,)).fetchall()
    for table in ("events", "heads", "runs"):
        connection.executemany(f"DELETE FROM {table} WHERE run = ?", old)  # noqa: S608 - names of our own
