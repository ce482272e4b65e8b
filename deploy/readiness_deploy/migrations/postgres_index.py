"""Indexes that are built and dropped CONCURRENTLY: no transaction undoes them, so what is there is looked at.

A build that was cut leaves an index behind that is marked INVALID: it costs each write and serves no query.
"""

from __future__ import annotations

from readiness_deploy.migrations.attempts import Locked
from readiness_deploy.migrations.model import Index, Statement
from readiness_deploy.migrations.postgres_link import Failed, Link

_BUILT = (
    "SELECT format('%%I.%%I', n.nspname, c.relname), i.indisvalid, "
    "EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = %s AND i.indrelid = to_regclass(%s) AND c.relkind = 'i'"
)


def put_right(link: Link, statement: Statement, *, begun: bool, seconds: float) -> None:
    """Have the index as the statement wants it. `begun`: an earlier attempt of this migration may have made it.

    Raises Locked, Away, Failed. An index of that name that somebody else made is not taken for ours.
    """
    index = statement.index
    assert index is not None, "only statements with an index come here"  # noqa: S101
    # The wait is for the ends of other transactions, and holds nobody back: it has the time of the build.
    link.run(f"SET lock_timeout = 0; SET statement_timeout = '{int(seconds * 1000)}ms'")
    if index.drop:
        if not (begun and _gone(link, index)):
            link.one(statement.text, within=seconds)
        return
    if _stands(link, index, seconds) and (begun or index.tolerant):
        return
    try:
        link.one(statement.text, within=seconds)
    except (Failed, Locked):
        _stands(link, index, seconds)  # takes what is left of it away
        raise


def _gone(link: Link, index: Index) -> bool:
    return bool(link.run("SELECT to_regclass(%s) IS NULL", [index.name])[0][0])


def _stands(link: Link, index: Index, seconds: float) -> bool:
    """Whether a sound index of that name is on the table; one that is not sound is dropped."""
    found = link.run(_BUILT, [index.name, index.table])
    if not found:
        return False
    name, valid, being_built = found[0]
    if being_built:
        raise Locked(f"somebody is building {name}")
    if valid:
        return True
    link.run(f"DROP INDEX CONCURRENTLY {name}", within=seconds)
    return False
