"""Whose turn it is to change a schema: one lock for each schema that holds a ledger, freed by the end of its session.

A session can outlive its client, when a network swallows what it is told. So a session carries the epoch it works for
in its name, and whoever has a later one may end it; and each runner ends what an earlier attempt of its own left.
"""

from __future__ import annotations

import contextlib

from readiness_deploy.migrations.attempts import Locked
from readiness_deploy.migrations.postgres_link import Failed, Link
from readiness_deploy.ports import Clock

LEDGER_SCHEMA = (
    "(SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.oid = to_regclass('readiness_migrations'))"
)
"""SQL for the schema in which the ledger lies; NULL where there is none yet."""

_LOCK = 0x72656164
_KEY = f"{_LOCK}, hashtext(coalesce({LEDGER_SCHEMA}, current_schema()))"
_POLL = 0.05
_BUSY = "another migration is under way in the database"
_OTHERS = (
    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.datname = current_database() "  # noqa: S608
    "AND a.usename = current_user AND a.pid <> pg_backend_pid() "
    "AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted "
    f"AND l.classid = {_LOCK} AND l.objid = hashtext(coalesce({LEDGER_SCHEMA}, current_schema()))::oid) AND "
)


def take_turn(link: Link, name: str, epoch: int, clock: Clock, within: float) -> None:
    """Take the lock for this session, asked for again and again: who waits in the server holds others back there.

    Raises Locked after `within` seconds. A holder of an earlier epoch of the same keeper is ended then, so that the
    next attempt gets it. `name` is PREFIX/EPOCH/TOKEN.
    """
    link.settle()
    if not link.run("SELECT current_schema() IS NOT NULL")[0][0]:
        raise Failed("there is no schema for the ledger: the search_path of the database names none that exists")
    with contextlib.suppress(Failed):  # a role that may not, waits
        link.run(_OTHERS + "a.application_name = %s", [name])
    deadline = clock.now() + within
    while not link.run(f"SELECT pg_try_advisory_lock({_KEY})")[0][0]:
        if clock.now() >= deadline:
            with contextlib.suppress(Failed):
                ours = name.rsplit("/", 2)[0] + "/"
                older = "substring(a.application_name FROM '/([0-9]{1,18})/[^/]*$')::bigint < %s"
                link.run(_OTHERS + f"starts_with(a.application_name, %s) AND {older}", [ours, epoch])
            raise Locked(_BUSY)
        clock.sleep(_POLL)


def hold(link: Link) -> str:
    """Have the lock for the transaction too, whatever stands between us and the server; the schema for the ledger."""
    got, schema = link.run(
        f"SELECT pg_try_advisory_xact_lock({_KEY}), quote_ident(coalesce({LEDGER_SCHEMA}, current_schema()))"
    )[0]
    if not got:
        raise Locked(_BUSY)
    return str(schema)
