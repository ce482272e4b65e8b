"""Whose turn it is: politeness first, the transaction's own lock behind it, and a way past what is left of the dead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from migrations.conftest import Database
from migrations.making import IDS, THREE, schema
from readiness_deploy.migrations import postgres
from readiness_deploy.migrations.address import parse
from readiness_deploy.migrations.postgres_link import Link
from readiness_deploy.migrations.postgres_turn import hold, take_turn
from readiness_deploy.ports import Patience

pytestmark = pytest.mark.needs("postgresql")

INDEX = {
    "0001_first.sql": THREE["0001_first.sql"],
    "0002_index.sql": "CREATE INDEX CONCURRENTLY tally_step ON tally (step);",
}


def test_nobody_else_has_a_turn_while_an_index_is_built(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, INDEX)
    made.apply("0001_first")
    with psycopg.connect(database.address) as idle, ThreadPoolExecutor(1) as pool:
        idle.execute("INSERT INTO tally VALUES ('open')")
        building = pool.submit(made.apply, "0002_index")
        database.until("SELECT 1 FROM pg_stat_progress_create_index WHERE relid = 'tally'::regclass", building)
        with pytest.raises(Patience, match="another migration is under way"):
            schema(database.address, tmp_path, INDEX, attempts=1, index_timeout=2.0).apply("0002_index")
        idle.commit()
        building.result(120)
    assert made.observe().applied == ("0001_first", "0002_index")


def test_a_transaction_has_a_lock_of_its_own_where_sessions_are_shared(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler may give each transaction another session: then the polite lock is worth nothing."""
    monkeypatch.setattr(postgres, "take_turn", lambda *_: None)
    with Link(parse(database.address)) as link:
        link.run("BEGIN")
        hold(link)
        with pytest.raises(Patience, match="another migration is under way"):
            schema(database.address, tmp_path, THREE, attempts=2).apply(IDS[0])
    schema(database.address, tmp_path, THREE, attempts=50).apply(IDS[0])  # the server ends that session in its own time


@pytest.mark.parametrize(
    ("keeper", "epoch", "gets"), [("k", 6, False), ("k", 7, False), ("k", 8, True), ("another", 8, False)]
)
def test_what_an_earlier_epoch_left_open_is_ended_by_a_later_one_of_the_same_keeper(
    database: Database, tmp_path: Path, keeper: str, epoch: int, gets: bool
) -> None:
    from migrations.making import RealClock

    name = f"readiness/{keeper}/7/somebody"
    with Link(parse(database.address), name=name) as held:
        take_turn(held, name, 7, RealClock(), 1)
        made = schema(database.address, tmp_path, THREE, epoch=epoch, attempts=30 if gets else 2, lock_timeout=0.1)
        if gets:
            made.apply(IDS[0])
        else:
            with pytest.raises(Patience):
                made.apply(IDS[0])
            assert held.run("SELECT 1") == [(1,)]


def test_ledgers_in_two_schemas_do_not_wait_for_each_other(database: Database, tmp_path: Path) -> None:
    from migrations.making import RealClock

    other = Database(database.server, database.server.schema())
    with Link(parse(other.address)) as held:
        take_turn(held, "x", 1, RealClock(), 1)
        schema(database.address, tmp_path, THREE, epoch=9, attempts=1, lock_timeout=0.1).apply(IDS[0])
        assert held.run("SELECT 1") == [(1,)]
