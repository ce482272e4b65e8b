"""Indexes that are built beside the work: done once, taken away when half done, never taken for somebody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from migrations.conftest import Database
from migrations.making import THREE, schema
from readiness_deploy.ports import Unfit

pytestmark = pytest.mark.needs("postgresql")

UNIQUE = {
    "0001_first.sql": THREE["0001_first.sql"],
    "0002_index.sql": "CREATE UNIQUE INDEX CONCURRENTLY once ON tally (step);",
}
DROP = {
    "0001_first.sql": "CREATE TABLE tally (step text);\nCREATE INDEX once ON tally (step);",
    "0002_index.sql": "-- no more\nDROP INDEX CONCURRENTLY once;",
}


def valid(database: Database) -> list[bool]:
    return [row[0] for row in database.ask("SELECT indisvalid FROM pg_index WHERE indrelid = 'tally'::regclass")]


def test_a_build_that_fails_leaves_no_invalid_index_and_can_be_tried_again(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, UNIQUE)
    made.apply("0001_first")
    database.ask("INSERT INTO tally VALUES ('first')")
    with pytest.raises(Unfit, match=r"sql/0002_index.sql:1: could not create unique index"):
        made.apply("0002_index")
    assert valid(database) == []
    assert made.observe().applied == ("0001_first",)
    database.ask("DELETE FROM tally")
    made.apply("0002_index")
    assert valid(database) == [True]
    assert made.rows()[1].phase == "expand"


def test_an_invalid_index_that_is_there_is_built_anew(database: Database, tmp_path: Path) -> None:
    import psycopg

    made = schema(database.address, tmp_path, UNIQUE)
    made.apply("0001_first")
    database.ask("INSERT INTO tally VALUES ('first')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.ask("CREATE UNIQUE INDEX CONCURRENTLY once ON tally (step)")
    assert valid(database) == [False]
    database.ask("DELETE FROM tally")
    made.apply("0002_index")
    assert valid(database) == [True]


def test_a_sound_index_of_somebody_else_is_not_taken_for_ours(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, UNIQUE)
    made.apply("0001_first")
    database.ask("CREATE INDEX once ON tally (step)")
    with pytest.raises(Unfit, match="already exists"):
        made.apply("0002_index")
    assert made.observe().applied == ("0001_first",)


def test_an_index_that_is_dropped_beside_the_work(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, DROP)
    made.apply("0001_first")
    made.apply("0002_index")
    made.apply("0002_index")
    assert valid(database) == []
    assert made.observe().floor == ("0002_index",)


def test_a_build_waits_for_an_open_transaction_and_holds_nobody_back(database: Database, tmp_path: Path) -> None:
    import psycopg

    made = schema(database.address, tmp_path, UNIQUE, lock_timeout=0.2)
    made.apply("0001_first")
    with psycopg.connect(database.address) as idle, ThreadPoolExecutor(1) as pool:
        idle.execute("INSERT INTO tally VALUES ('open')")
        building = pool.submit(made.apply, "0002_index")
        while not database.ask("SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'"):
            assert not building.done()
        database.ask("INSERT INTO tally VALUES ('meanwhile')")
        idle.commit()
        building.result(120)
    assert valid(database) == [True]
