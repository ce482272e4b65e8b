"""What is to be applied to a database, and what forbids it. Pure: rows of a ledger and migrations in, a plan out.

The one rule of order: what the database has and what the release has must begin alike, the one being the beginning of
the other. A database that is ahead is that of a release taken back; anything else is two histories, and refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from readiness_deploy.migrations.judgements import domain
from readiness_deploy.migrations.model import Kind, Migration, Plan, Row
from readiness_deploy.ports import SchemaView


def view(rows: Sequence[Row]) -> SchemaView:
    """What the ledger says, as the rollout sees it."""
    return SchemaView(
        applied=tuple(r.id for r in rows if r.applied),
        floor=tuple(r.id for r in rows if r.phase == Kind.CONTRACT),
    )


def plan(rows: Sequence[Row], migrations: Sequence[Migration], *, first: bool, domains: Collection[str] = ()) -> Plan:
    """What a run of this release does. `first`: nothing serves yet, so that nobody can be broken by a contract.
    `domains` are those of the types of new columns that are domains in the database."""
    seen = view(rows)
    missing = pending(rows, migrations)
    expand: list[Migration] = []
    waiting: list[Migration] = []
    problems = [*differences(rows, migrations), *(r for m in missing for r in (*m.refusals(), *rewrites(m, domains)))]
    for migration in missing:
        if migration.kind is Kind.CONTRACT and not first:
            waiting.append(migration)
        elif waiting:
            problems.append(
                f"{migration.file}:1: {migration.id} comes after {waiting[0].id}, which waits for a run of its own: "
                f"deploy a release that ends with {waiting[0].id}, run `readiness migrate --contract`, then this one"
            )
        else:
            expand.append(migration)
    known = {m.id for m in migrations}
    return Plan(
        applied=seen.applied,
        floor=seen.floor,
        expand=tuple(expand),
        contract=tuple(waiting),
        ahead=tuple(i for i in seen.applied if i not in known),
        problems=tuple(problems),
    )


def rewrites(migration: Migration, domains: Collection[str]) -> Iterator[str]:
    """The new columns of these domains, as refusals; none where a person answers for the migration."""
    for statement in migration.statements if migration.types else ():
        for name in statement.judgement.types:
            if name in domains:
                yield statement.refusal(domain(name))


def pending(rows: Sequence[Row], migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """What is not applied, oldest first."""
    applied = {r.id for r in rows if r.applied}
    return tuple(m for m in migrations if m.id not in applied)


def differences(rows: Sequence[Row], migrations: Sequence[Migration]) -> Iterator[str]:
    """Where the ledger and the release tell two histories, as sentences with what to do."""
    by_id = {m.id: m for m in migrations}
    for row in rows:
        migration = by_id.get(row.id)
        if migration is not None and row.applied and migration.checksum != row.checksum:
            yield (
                f"{migration.file}:1: {row.id} was edited after it was applied{_when(row)}: "
                "restore it, and put the change into a new migration"
            )
    yield from _disorder(rows, migrations)


def _disorder(rows: Sequence[Row], migrations: Sequence[Migration]) -> Iterator[str]:
    applied = [r.id for r in rows if r.applied]
    missing = pending(rows, migrations)
    known = [m.id for m in migrations]
    shared = [i for i in applied if i in known]
    foreign = [i for i in applied if i not in known]
    if missing and foreign:
        yield (
            f"{missing[0].file}:1: {missing[0].id} is new, and the database has {foreign[0]}, which this release does "
            "not know: bring both into one line"
        )
    late = known[: len(shared)]
    for found, wanted in zip(shared, late, strict=True):
        if found != wanted:
            migration = next(m for m in migrations if m.id == wanted)
            yield (
                f"{migration.file}:1: {wanted} comes before {found}, which is applied: give it a name that comes after"
                if wanted not in applied
                else f"{migration.file}:1: {wanted} and {found} were applied in another order than this release has"
            )
            return
    if foreign and shared and applied.index(foreign[0]) < applied.index(shared[-1]):
        yield f"{foreign[0]} is applied before {shared[-1]}, and this release lacks it: restore its file"


def _when(row: Row) -> str:
    return f" ({row.applied_at})" if row.applied_at else ""
