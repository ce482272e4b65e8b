"""What one run brings to a schema: the migrations of its release, in whose name, and how patiently.

Whatever the database is, the same is refused, and the ledger is read and fenced alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.config.deploy import MigrationSettings
from readiness_deploy.migrations.attempts import Retrying
from readiness_deploy.migrations.model import Migration, Row, Statement
from readiness_deploy.migrations.planning import differences, pending
from readiness_deploy.ports import Clock, Fenced, Unfit

TOO_LONG = (
    "all statements of a migration have `migrations.statement-timeout` together, since their locks are held until it "
    "ends: make it shorter, cut it into several migrations, or raise `migrations.statement-timeout`"
)

EXISTS = "if it was applied by other means, say so by `readiness migrate --adopt ID`, with the same `--version`"
_COLUMNS = (
    *((name, str, "a text") for name in ("id", "checksum", "phase", "applied_at", "run")),
    ("epoch", int, "a number"),
    ("seconds", int | float, "a number"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`keeper` is the id of whose lock this process works under, `epoch` says at each attempt which one that is: epochs
    of two keepers have nothing to do with each other. `stopped` says whether this process was asked to end."""

    migrations: tuple[Migration, ...]
    settings: MigrationSettings
    keeper: str
    epoch: Callable[[], int]
    run: str
    clock: Clock
    stopped: Callable[[], str] = lambda: ""

    def attempt(self, once: Callable[[], None]) -> None:
        """Call `once` as often as the settings allow, as Retrying does. Raises Patience, Lost, and what `once` does."""
        Retrying(attempts=self.settings.attempts, clock=self.clock, stopped=self.stopped).run(once)

    def wanted(self, migration: str) -> Migration:
        """The migration with this id, fit to be applied. Raises Unfit."""
        found = self.upto(migration)[-1]
        if found.refusals():
            raise Unfit("\n".join(found.refusals()))
        return found

    def upto(self, migration: str) -> tuple[Migration, ...]:
        """All migrations up to this one, oldest first. Raises Unfit."""
        known = [m.id for m in self.migrations]
        if migration not in known:
            raise Unfit(f"this release has no migration {migration}")
        return self.migrations[: known.index(migration) + 1]

    def due(self, ledger: Sequence[Row], migration: Migration) -> bool:
        """Whether it is still to be applied, and its turn. Raises Unfit where ledger and release disagree."""
        for problem in differences(ledger, self.migrations):
            raise Unfit(problem)
        missing = pending(ledger, self.migrations)
        if migration not in missing:
            return False
        if missing[0] is not migration:
            raise Unfit(f"{migration.file}:1: {missing[0].id} comes before it and is not applied")
        if not migration.read:
            raise Unfit(f"{migration.file}:1: it was taken for applied and was not read: plan again")
        return True

    def fenced(self, found: Sequence[Sequence[Any]]) -> int:
        """This process' own epoch, at least the one that readiness_epoch has for its keeper: one row, or none where
        this keeper never wrote to it. Raises Fenced, Unfit."""
        ours = self.epoch()
        if not self.keeper:
            raise Unfit("the keeper has no id (`keeper.id` in its state folder): `readiness keeper upgrade` makes one")
        seen = found[0][0] if found else 0
        if type(seen) is not int:
            todo = f"where no other deployer is at work, put it right by hand: epoch = {ours}"
            raise Unfit(
                f"readiness_epoch: wanted a whole number, found {str(seen)[:40]!r}: somebody else wrote to it: {todo}"
            )
        if seen > ours:
            raise Fenced(
                f"the database has seen epoch {seen} of this keeper, and this process has {ours}: a later deployer "
                "took over (or the state folder is an older copy of itself: take its `keeper.id` away, and run "
                "`readiness keeper upgrade`)"
            )
        return ours

    def shared(self, rows: Iterable[Row], keepers: Iterable[Sequence[Any]]) -> bool:
        """Whether somebody else may use the database: one of these keepers is another, or had its tables before."""
        return any(row.adopted for row in rows) or any(name != self.keeper for (name,) in keepers)


def ledger(found: Iterable[Sequence[Any]]) -> tuple[Row, ...]:
    """Rows of the ledger, of what the database gave for its columns in their order. Raises Unfit."""
    rows = tuple(
        Row(id=i, checksum=c, phase=p, applied_at=a, run=r, epoch=e, seconds=s) for i, c, p, a, r, e, s in found
    )
    for row in rows:
        for name, kind, words in _COLUMNS:
            value = getattr(row, name)
            if not isinstance(value, kind):
                raise Unfit(
                    f"readiness_migrations: wanted {words} as {name}, found {str(value)[:40]!r}: "
                    "somebody else wrote to it: put it right by hand"
                )
    return rows


def accounted(statement: Statement, changed: int) -> None:
    """See that Alembic's own account moved on, where a statement moves it. Raises Unfit where it changed no row."""
    if statement.bookkeeping and statement.text.upper().startswith("UPDATE") and changed != 1:
        table = statement.text.split(" SET ")[0].removeprefix("UPDATE ")
        raise Unfit(f"{statement.file}: {table} does not hold the revision before: the database is elsewhere")
