"""The schema of a service in a file of SQLite: the same ledger and fence, in one transaction with each migration.

Before the first migration of a run a snapshot of the file is made beside it, for people: nothing here ever restores
one, since what was written since would be lost.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from readiness_deploy.migrations.address import Address
from readiness_deploy.migrations.attempts import Locked
from readiness_deploy.migrations.delivery import EXISTS, TOO_LONG, Delivery, accounted, ledger
from readiness_deploy.migrations.judgements import DECLARE
from readiness_deploy.migrations.judging_names import fold
from readiness_deploy.migrations.model import ADOPTED, Kind, Migration, Precondition, Row, Statement
from readiness_deploy.migrations.planning import pending, view
from readiness_deploy.migrations.snapshot import snapshot
from readiness_deploy.ports import Lost, SchemaView, Unfit

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS readiness_migrations (id TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, "
    "checksum TEXT NOT NULL, phase TEXT NOT NULL, applied_at TEXT NOT NULL, run TEXT NOT NULL, epoch INTEGER NOT NULL, "
    "seconds REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS readiness_epoch (keeper TEXT PRIMARY KEY, epoch INTEGER NOT NULL)",
)
_ROWS = "SELECT id, checksum, phase, applied_at, run, epoch, seconds FROM readiness_migrations ORDER BY position"
_INSERT = (
    "INSERT INTO readiness_migrations SELECT ?, coalesce(max(position), 0) + 1, ?, ?, ?, ?, ?, ? "
    "FROM readiness_migrations"
)
_FAULTS = (sqlite3.Error, sqlite3.Warning)
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_INTERRUPTED = "interrupted"  # in SQLite's words
_IDLE = frozenset({"NO ACTION", "RESTRICT"})  # of a foreign key: the child stays as it is
_STEPS = 1000  # of SQLite's machine between two looks at the clock and at signals


class SqliteSchema:
    """The port Schema for one file."""

    def __init__(self, address: Address, delivery: Delivery) -> None:
        self._path, self._delivery = Path(address.text), delivery
        self._settings, self._clock = delivery.settings, delivery.clock

    def observe(self) -> SchemaView:
        """What the ledger says. Raises Lost where the file cannot be read."""
        return view(self.rows())

    def rows(self) -> tuple[Row, ...]:
        """The ledger, oldest first; nothing where there is none, or no file yet. Raises Lost."""
        if not self._path.exists():
            return ()
        try:
            with self._open() as connection:
                return _read(connection)
        except (sqlite3.Error, Locked, Unfit) as fault:
            raise Lost(f"{self._path} cannot be asked: {fault}") from None

    def shared(self) -> bool:
        """Whether somebody else may use the file. Raises Lost."""
        if not (rows := self.rows()):
            return False
        try:
            with self._open() as connection:
                keepers = connection.execute("SELECT keeper FROM readiness_epoch").fetchall()
        except (sqlite3.Error, Locked) as fault:
            raise Lost(f"{self._path} cannot be asked: {fault}") from None
        return self._delivery.shared(rows, keepers)

    def domains(self, types: Collection[str]) -> tuple[()]:  # noqa: ARG002 - as the port
        """SQLite has none."""
        return ()

    def claim(self) -> None:
        """Raise the epoch in the file to this process' own. Raises Patience, Unfit, Fenced, Lost."""
        self._delivery.attempt(self._claim)

    def _claim(self) -> None:
        try:
            with self._transaction():
                pass
        except sqlite3.Error as fault:
            raise Unfit(f"{self._path}: {fault}") from None

    def apply(self, migration: str) -> None:
        """Apply one migration once. Raises Patience, Unfit, Fenced, Lost; Unfit names file:line."""
        wanted = self._delivery.wanted(migration)
        if self._path.exists():
            rows = self.rows()
            if not any(row.id == migration or row.run == self._delivery.run for row in rows):
                self._delivery.attempt(lambda: snapshot(self._path, migration, self._settings.lock_timeout))
        self._delivery.attempt(lambda: self._once(wanted))

    def adopt(self, upto: str) -> None:
        """Write into the ledger, without applying anything, that all migrations up to this one are applied."""
        taken = self._delivery.upto(upto)

        def once() -> None:
            try:
                with self._transaction() as connection:
                    for migration in pending(_read(connection), taken):
                        self._record(connection, migration, 0.0, ADOPTED)
            except sqlite3.Error as fault:
                raise Unfit(f"{self._path}: {fault}") from None

        self._delivery.attempt(once)

    def _once(self, migration: Migration) -> None:
        try:
            with self._transaction() as connection:
                self._together(connection, migration)
        except sqlite3.Error as fault:
            raise Unfit(f"{migration.file}: {self._path}: {fault}") from None

    def _together(self, connection: sqlite3.Connection, migration: Migration) -> None:
        began = self._clock.now()
        if not self._delivery.due(_read(connection), migration):
            return
        deadline = time.monotonic() + self._settings.statement_timeout
        stopped = self._delivery.stopped
        connection.set_progress_handler(lambda: time.monotonic() > deadline or bool(stopped()), _STEPS)
        try:
            for precondition in migration.preconditions:
                _hold(connection, precondition)
            looked = not migration.declared and migration.kind is not Kind.CONTRACT
            old = _tables(connection)
            before = tuple(_unfitting(connection, old)) if looked else ()
            for statement in migration.statements:
                _run(connection, statement)
            if looked:
                _fit(connection, migration, old, before)
        except Unfit as fault:
            if stopped() and _INTERRUPTED in str(fault):
                raise Locked("it was ended while it ran") from None
            raise
        finally:
            connection.set_progress_handler(None, 0)
        if not connection.in_transaction:
            raise Unfit(f"{migration.file}: it ended the transaction that its row in the ledger belongs to")
        self._record(connection, migration, self._clock.now() - began)

    def _record(self, connection: sqlite3.Connection, migration: Migration, seconds: float, how: str = "") -> None:
        connection.execute(
            _INSERT,
            [
                migration.id, migration.checksum, str(migration.kind), self._clock.stamp(),
                how + self._delivery.run, self._delivery.epoch(), seconds,
            ],
        )  # fmt: skip

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction with the only right to write, for the latest epoch alone. Whatever is raised undoes it."""
        with self._open() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                for statement in _LEDGER:
                    connection.execute(statement)
                self._fence(connection)
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as fault:
                if _code(fault) in _BUSY:
                    raise Locked(f"{self._path}: somebody else is writing") from None
                raise

    def _fence(self, connection: sqlite3.Connection) -> None:
        keeper = self._delivery.keeper
        found = connection.execute("SELECT epoch FROM readiness_epoch WHERE keeper = ?", [keeper]).fetchall()
        ours = self._delivery.fenced(found)
        connection.execute("INSERT OR REPLACE INTO readiness_epoch (keeper, epoch) VALUES (?, ?)", [keeper, ours])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A fresh connection that begins nothing by itself. Closing it undoes what was not committed."""
        # Nothing is kept prepared: what is only explained would be told of the schema as it was.
        connection = sqlite3.connect(
            self._path, timeout=self._settings.lock_timeout, isolation_level=None, cached_statements=0
        )
        with closing(connection):
            yield connection


def _read(connection: sqlite3.Connection) -> tuple[Row, ...]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'readiness_migrations'").fetchone()
    if there is None:
        return ()
    return ledger(connection.execute(_ROWS))


def _run(connection: sqlite3.Connection, statement: Statement) -> None:
    try:
        changed = connection.execute(statement.text).rowcount
    except _FAULTS as fault:
        if _code(fault) in _BUSY:
            raise
        raise Unfit(f"{statement.place}: {_worded(fault)}") from None
    accounted(statement, changed)


def _fit(
    connection: sqlite3.Connection, migration: Migration, old: Collection[str], before: Collection[tuple[str, str]]
) -> None:
    """See that each foreign key fits that writes to `old` tables meet, but those that did not `before`. Asked at the
    end: a later statement may make the index. Raises Unfit."""
    for table, why in _unfitting(connection, old):
        if (table, why) not in before:
            said = (s for s in migration.statements if "references" in s.text.lower() and table in s.text)
            place = next((s.place for s in said), migration.file)
            raise Unfit(
                f"{place}: {why}: where foreign keys are enforced, writes of the version that serves would fail: make "
                f"the table, or a unique index on what the key names, first, or {DECLARE}"
            )


def _tables(connection: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))


def _unfitting(connection: sqlite3.Connection, old: Collection[str]) -> Iterator[tuple[str, str]]:
    """The tables with a foreign key to what is no table, no primary key and without an index that is unique; and why:
    those that a write to one of the `old` tables meets, since nobody who serves writes to the others.

    Where a key is enforced, SQLite finds a table that is missing for each write to the child, an index that is missing
    for each write to either. To explain the check has it look for the index, and read no row.
    """
    tables, served = _tables(connection), {fold(name) for name in old}
    there = {fold(name) for name in tables}
    keys = [
        (fold(table), parent, not {deleted, updated} <= _IDLE)
        for table in tables
        for parent, deleted, updated in connection.execute(
            'SELECT "table", on_delete, on_update FROM pragma_foreign_key_list(?)', [table]
        )
    ]
    for table in tables:
        parents = [parent for child, parent, _ in keys if child == fold(table)]
        if not served.isdisjoint(_writing({fold(table)}, keys)):
            for parent in parents:
                if fold(parent) not in there:
                    yield table, f'foreign key mismatch - "{table}" referencing "{parent}", which is not there'
        quoted = table.replace('"', '""')
        try:
            connection.execute(f'EXPLAIN PRAGMA main.foreign_key_check("{quoted}")').fetchall()
        except sqlite3.OperationalError as fault:
            # Only the first such key of a table is told, so any of its parents may be meant.
            if not served.isdisjoint(_writing({fold(table), *map(fold, parents)}, keys)):
                yield table, str(fault)


def _writing(tables: set[str], keys: Collection[tuple[str, str, bool]]) -> set[str]:
    """These tables, and those from which a write goes on to them, as by ON DELETE CASCADE. `keys` are child, parent,
    and whether a write to the parent writes to the child."""
    found = set(tables)
    while more := {fold(parent) for child, parent, goes_on in keys if goes_on and child in found} - found:
        found |= more
    return found


def _hold(connection: sqlite3.Connection, precondition: Precondition) -> None:
    """A precondition has to be true. It is asked where nothing can be written."""
    connection.execute("PRAGMA query_only = ON")
    try:
        found = connection.execute(precondition.text).fetchmany(2)
    except _FAULTS as fault:
        raise Unfit(f"{precondition.place}: the precondition cannot be asked: {_worded(fault)}") from None
    finally:
        connection.execute("PRAGMA query_only = OFF")
    if len(found) != 1 or len(found[0]) != 1 or found[0][0] != 1:
        raise Unfit(f"{precondition.place}: the precondition does not hold: {precondition.text}")


def _code(fault: Exception) -> int:
    """SQLite's primary code; 0 for what Python's own module refuses without asking SQLite."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF


def _worded(fault: Exception) -> str:
    if _code(fault) == sqlite3.SQLITE_INTERRUPT:
        return f"{fault}: {TOO_LONG}"
    if "already exists" in str(fault) or "duplicate column name" in str(fault):
        return f"{fault}: {EXISTS}"
    if "bindings" in str(fault):
        return f"{fault}: nobody gives a value to a parameter (`?`, `:name`, `$1`): write the value itself, in quotes"
    return str(fault)
