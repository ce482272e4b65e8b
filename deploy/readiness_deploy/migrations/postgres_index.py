"""Indexes that are built and dropped CONCURRENTLY: no transaction undoes them, so what is there is looked at.

A build that was cut leaves an index behind that is marked INVALID: it costs each write and serves no query.
"""

from __future__ import annotations

from readiness_deploy.migrations.attempts import Away, Locked
from readiness_deploy.migrations.model import Index, Row, Statement
from readiness_deploy.migrations.postgres_link import Failed, Link
from readiness_deploy.ports import Unfit

_SWEPT_WITHIN = 2.0  # seconds, where somebody waits for this process to end
_BUILT = (
    "SELECT format('%%I.%%I', n.nspname, c.relname), i.indisvalid, i.indisunique AND i.indisready, "
    "EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = %s AND i.indrelid = to_regclass(%s) AND c.relkind = 'i'"
)


def free(link: Link, statement: Statement, earlier: Row | None) -> None:
    """See, before the intent is written, that what stands afterwards is the work of this text and of nobody else.

    `earlier` is the row that another text of this migration left when it was not ended. Raises Unfit, Locked, Failed.
    """
    index = statement.index
    assert index is not None, "only statements with an index come here"  # noqa: S101
    if index.drop:
        if earlier is None and not index.tolerant and _gone(link, index):
            raise Unfit(f"{statement.place}: the index {index.name} does not exist: leave it out, or write IF EXISTS")
        return
    name, valid, _ = _found(link, index)
    if not valid or (index.tolerant and earlier is None):
        return
    said = f"{statement.place}: the index {name} already exists"
    if earlier is not None:
        raise Unfit(
            f"{said}, and an earlier text of this migration was begun ({earlier.applied_at}), which may have built it "
            f"otherwise: drop it by `DROP INDEX CONCURRENTLY {name}`, or restore the earlier text"
        )
    raise Unfit(
        f"{said} and is not of this migration: drop it by `DROP INDEX CONCURRENTLY {name}`, give the new one another "
        "name, or, where it is what is wanted, write IF NOT EXISTS"
    )


def put_right(link: Link, statement: Statement, *, seconds: float) -> None:
    """Have the index as the statement wants it, of which `free` has seen that what stands may be taken for it.

    Raises Locked, Away, Failed.
    """
    index = statement.index
    assert index is not None, "only statements with an index come here"  # noqa: S101
    # The wait is for the ends of other transactions, and holds nobody back: it has the time of the build.
    link.run(f"SET lock_timeout = 0; SET statement_timeout = '{int(seconds * 1000)}ms'")
    if index.drop:
        if not _gone(link, index):
            link.one(statement.text, within=seconds)
        return
    name, valid, _ = _found(link, index)
    if valid:
        return
    if name:
        link.one(f"DROP INDEX CONCURRENTLY {name}", within=seconds)
    link.one(statement.text, within=seconds)
    if not _found(link, index)[1]:
        raise Failed(f"nothing was built: the name {index.name} is not free, and it is no index of {index.table}")


def swept(link: Link, statement: Statement, *, seconds: float, stopped: bool) -> str:
    """Take away what a build that failed has left: it costs each write until then, so this has as many `seconds` as a
    build, and ends when this process is asked to stop; where it was `stopped` before, it has a short time only.

    What stays, as the end of a sentence; never a fault of its own, since the first one is what has to be told.
    """
    index, name, refuses = statement.index, "", False
    if index is None or index.drop:
        return ""
    try:
        name, valid, refuses = _found(link, index)
        if not name or valid:
            return ""
        within, run = (_SWEPT_WITHIN, link.run) if stopped else (seconds, link.one)
        link.run(f"SET statement_timeout = '{int(within * 1000)}ms'")
        run(f"DROP INDEX CONCURRENTLY {name}", within=within)
    except (Failed, Locked, Away):
        harm = ", and refuses writes that are not unique until it is dropped" if refuses else ""
        return f"; an INVALID index {name} stays{harm}: DROP INDEX CONCURRENTLY {name}" if name else ""
    return ""


def sound(link: Link, statement: Statement) -> None:
    """See that an index which is said to be built is not one that a build left behind. Raises Unfit, Locked, Failed."""
    index = statement.index
    if index is None or index.drop:
        return
    name, valid, _ = _found(link, index)
    if name and not valid:
        raise Unfit(
            f"{statement.place}: the index {name} is INVALID, and serves no query: drop it by `DROP INDEX CONCURRENTLY "
            f"{name}`, and build it anew, or have `readiness migrate` do both"
        )


def _gone(link: Link, index: Index) -> bool:
    return bool(link.run("SELECT to_regclass(%s) IS NULL", [index.name])[0][0])


def _found(link: Link, index: Index) -> tuple[str, bool, bool]:
    """The index of that name on the table, ready to be written into SQL, whether it is sound, and whether it refuses
    writes that are not unique, which one that is not sound may do; empty without one."""
    for name, valid, refuses, being_built in link.run(_BUILT, [index.name, index.table]):
        if being_built:
            raise Locked(f"somebody is building {name}")
        return str(name), bool(valid), bool(refuses)
    return "", False, False
