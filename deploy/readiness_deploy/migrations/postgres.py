"""The schema of a service in PostgreSQL: its ledger, its fence, and one migration at a time.

A migration, its row in the ledger and the check of the epoch are one transaction. So a lost connection leaves nothing
to guess: the next attempt takes the lock, reads the ledger, and either finds the row or starts anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from readiness_deploy.migrations.address import Address
from readiness_deploy.migrations.attempts import Away, Locked
from readiness_deploy.migrations.delivery import EXISTS, TOO_LONG, Delivery, accounted, ledger
from readiness_deploy.migrations.judgements import domain
from readiness_deploy.migrations.model import ADOPTED, BUILDING, Migration, Precondition, Row, Statement
from readiness_deploy.migrations.planning import pending, view
from readiness_deploy.migrations.postgres_index import free, put_right, sound, swept
from readiness_deploy.migrations.postgres_link import ANSWER_WITHIN, Failed, Link
from readiness_deploy.migrations.postgres_turn import LEDGER_SCHEMA, hold, take_turn
from readiness_deploy.ports import Lost, SchemaView, Unfit

_LEDGER = """
CREATE TABLE {s}.readiness_migrations (
  id text PRIMARY KEY, position integer NOT NULL UNIQUE, checksum text NOT NULL, phase text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(), run text NOT NULL, epoch bigint NOT NULL,
  seconds double precision NOT NULL);
CREATE TABLE {s}.readiness_epoch (keeper text PRIMARY KEY, epoch bigint NOT NULL)
"""
_ROWS = (
    "SELECT id, checksum, phase, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), run, epoch, "
    "seconds FROM {s}.readiness_migrations ORDER BY position"
)
_UPSERT = (
    "INSERT INTO {s}.readiness_migrations (id, position, checksum, phase, run, epoch, seconds) SELECT %s, "
    "coalesce(max(position), 0) + 1, %s, %s, %s, %s, %s FROM {s}.readiness_migrations ON CONFLICT (id) DO UPDATE SET "
    "checksum = excluded.checksum, phase = excluded.phase, run = excluded.run, epoch = excluded.epoch, "
    "seconds = excluded.seconds, applied_at = now()"
)
_EPOCH = (
    "INSERT INTO {s}.readiness_epoch (keeper, epoch) VALUES (%s, %s) ON CONFLICT (keeper) DO UPDATE SET "
    "epoch = excluded.epoch"
)
_CANCELED = "57014"  # query_canceled, of a statement whose time is over
_EXISTS = frozenset({"42P07", "42701", "42710", "42P06"})


class PostgresSchema:
    """The port Schema for one database. `patience` is the seconds that the network has for each answer, and the server
    before it gives up on us."""

    def __init__(self, address: Address, delivery: Delivery, *, patience: float = ANSWER_WITHIN) -> None:
        self._address, self._delivery, self._patience = address, delivery, patience
        self._settings, self._clock = delivery.settings, delivery.clock
        self._token = secrets.token_hex(8)

    def observe(self) -> SchemaView:
        """What the ledger says. Raises Lost where the database cannot be asked."""
        return view(self.rows())

    def rows(self) -> tuple[Row, ...]:
        """The ledger, oldest first; nothing where there is none yet. Raises Lost."""
        try:
            with Link(self._address, self._patience) as link:
                schema = self._ledger(link)
                return self._read(link, schema) if schema else ()
        except (Away, Locked, Failed) as fault:
            raise Lost(f"the database cannot be asked: {fault}") from None

    def shared(self) -> bool:
        """Whether somebody else may use the database. Raises Lost."""
        try:
            with Link(self._address, self._patience) as link:
                schema = self._ledger(link)
                if not schema:
                    return False
                keepers = link.run(f"SELECT keeper FROM {schema}.readiness_epoch")  # noqa: S608
                return self._delivery.shared(self._read(link, schema), keepers)
        except (Away, Locked, Failed) as fault:
            raise Lost(f"the database cannot be asked: {fault}") from None

    def domains(self, types: Collection[str]) -> Collection[str]:
        """Which of these types are domains now. Raises Lost."""
        try:
            with Link(self._address, self._patience) as link:
                return tuple(name for name in types if _may_be_domain(link, name))
        except (Away, Locked, Failed) as fault:
            raise Lost(f"the database cannot be asked: {fault}") from None

    def claim(self) -> None:
        """Raise the epoch in the database to this process' own. Raises Patience, Unfit, Fenced, Lost."""
        self._delivery.attempt(self._claim)

    def _claim(self) -> None:
        with self._link("the ledger") as link:
            self._begin(link)
            link.commit()

    def apply(self, migration: str) -> None:
        """Apply one migration once. Raises Patience, Unfit, Fenced, Lost; Unfit names file:line."""
        wanted = self._delivery.wanted(migration)
        self._delivery.attempt(lambda: self._once(wanted))

    def adopt(self, upto: str) -> None:
        """Write into the ledger, without applying anything, that all migrations up to this one are applied."""
        taken = self._delivery.upto(upto)
        self._delivery.attempt(lambda: self._adopt(taken))

    def _adopt(self, migrations: Sequence[Migration]) -> None:
        with self._link("the ledger") as link:
            schema, rows = self._begin(link)
            for migration in pending(rows, migrations):
                for statement in migration.statements:
                    sound(link, statement)
                self._record(link, schema, migration, str(migration.kind), 0.0, ADOPTED)
            link.commit()

    @contextmanager
    def _link(self, where: str) -> Iterator[Link]:
        """A connection whose turn it is. What the server refuses on it becomes Unfit, said of `where`."""
        epoch = self._delivery.epoch()
        name = f"readiness/{self._delivery.keeper}/{epoch}/{self._token}"
        try:
            with Link(self._address, self._patience, name, self._delivery.stopped) as link:
                take_turn(link, name, epoch, self._clock, self._settings.lock_timeout)
                yield link
        except Failed as fault:
            raise Unfit(f"{where}: {fault}{_advice(fault)}") from None

    def _once(self, migration: Migration) -> None:
        with self._link(migration.file) as link:
            if migration.outside:
                self._aside(link, migration)
            else:
                self._together(link, migration)

    def _together(self, link: Link, migration: Migration) -> None:
        """The migration with its row in the ledger, in one transaction."""
        began = self._clock.now()
        schema, rows = self._begin(link)
        if self._delivery.due(rows, migration):
            until = self._limit()
            for precondition in migration.preconditions:
                self._hold(link, precondition, until)
            for statement in migration.statements:
                # Asked at this place, since an earlier statement may have made the type.
                for name in statement.judgement.types if migration.types else ():
                    if _is_domain(link, name):
                        raise Unfit(statement.refusal(domain(name)))
                self._statement(link, statement, until)
            self._settle(link, until)
            if not link.in_transaction:
                raise Unfit(f"{migration.file}: it ended the transaction that its row in the ledger belongs to")
            self._record(link, schema, migration, str(migration.kind), self._clock.now() - began)
        link.commit()

    def _aside(self, link: Link, migration: Migration) -> None:
        """What cannot run in a transaction: intent first, then each index, then that it is done."""
        began = self._clock.now()
        schema, rows = self._begin(link)
        if not self._delivery.due(rows, migration):
            link.commit()
            return
        row = next((r for r in rows if r.id == migration.id), None)
        if row is None or row.checksum != migration.checksum:
            until = self._limit()
            for precondition in migration.preconditions:
                self._hold(link, precondition, until)
            for statement in migration.statements:
                if statement.index:
                    free(link, statement, row)
            self._record(link, schema, migration, BUILDING, 0.0)
        link.commit()
        built: list[str] = []
        for statement in migration.statements:
            if statement.index:
                self._indexed(link, statement, built)
        schema, _ = self._begin(link)
        until = self._limit()
        for statement in migration.statements:
            if not statement.index:
                self._statement(link, statement, until)
        self._record(link, schema, migration, str(migration.kind), self._clock.now() - began)
        link.commit()

    def _begin(self, link: Link) -> tuple[str, tuple[Row, ...]]:
        """A transaction that only the latest epoch gets, with the ledger as it is under the lock."""
        limits = {
            "lock_timeout": self._settings.lock_timeout,
            "statement_timeout": self._settings.statement_timeout,
            "idle_in_transaction_session_timeout": self._patience,
        }
        link.run("BEGIN")
        link.run("; ".join(f"SET LOCAL {name} = '{max(1, int(s * 1000))}ms'" for name, s in limits.items()))
        schema = hold(link)
        if not self._ledger(link):
            link.run(_LEDGER.format(s=schema))
        self._fence(link, schema)
        return schema, self._read(link, schema)

    def _fence(self, link: Link, schema: str) -> None:
        keeper = self._delivery.keeper
        found = link.run(f"SELECT epoch FROM {schema}.readiness_epoch WHERE keeper = %s FOR UPDATE", [keeper])  # noqa: S608
        ours = self._delivery.fenced(found)
        if not found or found[0][0] < ours:
            link.run(_EPOCH.format(s=schema), [keeper, ours])

    def _limit(self) -> float:
        """When a transaction that begins now has to be over: the locks of its statements are held for their sum."""
        return self._clock.now() + self._settings.statement_timeout

    def _left(self, link: Link, until: float) -> float:
        """The seconds that are left, told to the server too. Raises Failed when there are none."""
        left = until - self._clock.now()
        if left <= 0:
            raise Failed("no time is left for it", _CANCELED)
        link.run(f"SET LOCAL statement_timeout = '{max(1, int(left * 1000))}ms'")
        return left

    def _statement(self, link: Link, statement: Statement, until: float) -> None:
        try:
            changed, _ = link.one(statement.text, within=self._left(link, until))
        except Failed as fault:
            raise Unfit(_said(statement, fault)) from None
        accounted(statement, changed)

    def _settle(self, link: Link, until: float) -> None:
        """Have done now what is put off to the end: no limit of the server holds for what happens within COMMIT."""
        link.one("SET CONSTRAINTS ALL IMMEDIATE", within=self._left(link, until))

    def _indexed(self, link: Link, statement: Statement, built: list[str]) -> None:
        """Adds to `built` what stands now. A text without it would leave it standing, so whoever edits has to know."""
        seconds = self._settings.index_timeout
        try:
            put_right(link, statement, seconds=seconds)
        except (Failed, Locked) as fault:
            left = swept(link, statement, seconds=seconds, stopped=bool(self._delivery.stopped()))
            if isinstance(fault, Locked):
                raise Locked(f"{fault}{left}") from None
            stays = f"; already there, and staying whatever the text says later: {', '.join(built)}" if built else ""
            raise Unfit(f"{_said(statement, fault, 'raise `migrations.index-timeout`')}{left}{stays}") from None
        if statement.index and not statement.index.drop:
            built.append(statement.index.name)

    def _hold(self, link: Link, precondition: Precondition, until: float) -> None:
        """A precondition has to be true. It is asked in a part of the transaction that may not write, and undone."""
        link.run("SAVEPOINT readiness; SET LOCAL transaction_read_only = on")
        try:
            _, found = link.one(precondition.text, within=self._left(link, until))
        except Failed as fault:
            said = f"{precondition.place}: the precondition cannot be asked: {fault}{_advice(fault)}"
            raise Unfit(said) from None
        if len(found) != 1 or len(found[0]) != 1 or found[0][0] is not True:
            raise Unfit(f"{precondition.place}: the precondition does not hold: {precondition.text}")
        link.run("ROLLBACK TO SAVEPOINT readiness")

    def _record(self, link: Link, schema: str, migration: Migration, phase: str, seconds: float, how: str = "") -> None:
        link.run(
            _UPSERT.format(s=schema),
            [migration.id, migration.checksum, phase, how + self._delivery.run, self._delivery.epoch(), seconds],
        )

    @staticmethod
    def _ledger(link: Link) -> str:
        """The schema that holds the ledger, ready to be written into SQL; empty where there is none."""
        found = link.run(f"SELECT quote_ident({LEDGER_SCHEMA})")
        return str(found[0][0] or "")

    @staticmethod
    def _read(link: Link, schema: str) -> tuple[Row, ...]:
        return ledger(link.run(_ROWS.format(s=schema)))


def _is_domain(link: Link, name: str) -> bool:
    return bool(link.run("SELECT 1 FROM pg_type WHERE oid = to_regtype(%s) AND typtype = 'd'", [name]))


def _may_be_domain(link: Link, name: str) -> bool:
    """As `_is_domain`; a name that the server cannot read is told by the statement that has it, and hides no other."""
    try:
        return _is_domain(link, name)
    except Failed:
        return False


def _said(statement: Statement, fault: Failed, longer: str = TOO_LONG) -> str:
    line = statement.line + statement.text[: fault.position].count("\n")
    return f"{statement.file}:{line}: {fault}{_advice(fault, longer)}"


def _advice(fault: Failed, longer: str = TOO_LONG) -> str:
    if fault.state == _CANCELED:
        return f": {longer}"
    return f": {EXISTS}" if fault.state in _EXISTS else ""
