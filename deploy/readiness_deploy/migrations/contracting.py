"""Contract migrations: what breaks older versions, applied by a run of its own, when no older version can come back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from readiness_deploy.migrations.judging_names import makes_domain
from readiness_deploy.migrations.model import Kind, Migration, Row
from readiness_deploy.migrations.planning import differences, pending, rewrites
from readiness_deploy.ports import Schema, Unfit
from readiness_deploy.record import Release


class Ledgered(Schema, Protocol):
    """A schema whose ledger can be read, and written without applying anything."""

    def rows(self) -> tuple[Row, ...]:
        """The ledger, oldest first. Raises Lost."""
        ...

    def shared(self) -> bool:
        """Whether somebody else may use the database: another keeper wrote to it, or it had its tables before. Raises
        Lost."""
        ...

    def domains(self, types: Collection[str]) -> Collection[str]:
        """Which of these types, written as in SQL, are domains in the database as it is now. Raises Lost."""
        ...

    def adopt(self, upto: str) -> None:
        """Write that all migrations up to this one are applied. Raises Patience, Unfit, Fenced, Lost."""
        ...


def domains(schema: Ledgered, rows: Sequence[Row], migrations: Sequence[Migration]) -> Collection[str]:
    """Which types of new columns are domains when their turn comes: the database has them, or what is pending makes
    them. Raises Lost."""
    missing = pending(rows, migrations)
    types = {t for m in missing for t in m.types}
    made = {t for t in types if any(makes_domain(s.text, t) for m in missing for s in m.statements)}
    return {*(schema.domains(types) if types else ()), *made}


def refusals(
    rows: Sequence[Row], migrations: Sequence[Migration], standing: Sequence[Release], domains: Collection[str] = ()
) -> tuple[str, ...]:
    """Why the pending migrations may not be applied while these releases may serve or be gone back to; empty: they may.

    `standing` is the release that serves, first, and each that is kept warm; `domains` are as in `plan`.
    """
    problems = list(differences(rows, migrations))
    if not standing:
        problems.append("nothing serves: deploy a release first; it brings its contract migrations with it")
    for migration in pending(rows, migrations):
        problems.extend((*migration.refusals(), *rewrites(migration, domains)))
        ignorant = next((r for r in standing if migration.id not in r.migrations), None)
        if migration.kind is Kind.CONTRACT and ignorant is not None:
            waits = "stands by: retire it first (it goes when its time, `deploy.keep`, is over; `status` says when)"
            todo = "serves: deploy one that does" if ignorant is standing[0] else waits
            who = f"release {ignorant.id} ({ignorant.version}) does not know {migration.id}"
            problems.append(f"{migration.file}:1: {who}, and it {todo}")
    return tuple(problems)


def contract(schema: Ledgered, migrations: Sequence[Migration], standing: Sequence[Release]) -> tuple[str, ...]:
    """Apply what is pending, contract migrations too, and say which ids. The ledger rows are the new rollback floor.

    Nothing is applied where a refusal stands; preconditions are asked in each migration's own transaction.
    Raises Unfit, Patience, Fenced, Lost: what was applied before stays.
    """
    rows = schema.rows()
    problems = refusals(rows, migrations, standing, domains(schema, rows, migrations))
    if problems:
        raise Unfit("\n".join(problems))
    done = []
    for migration in pending(rows, migrations):
        schema.apply(migration.id)
        done.append(migration.id)
    return tuple(done)
