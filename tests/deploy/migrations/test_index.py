"""Indexes that are built beside the work: done once, taken away when half done, never taken for somebody else's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from migrations.conftest import Database
from migrations.making import THREE, schema
from readiness_deploy.migrations import Ledgered
from readiness_deploy.ports import Patience, Unfit

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
    for _ in range(2):
        with pytest.raises(Unfit, match=r"0002_index.sql:1: .*once already exists.*DROP INDEX CONCURRENTLY .*once"):
            made.apply("0002_index")
    assert [r.id for r in made.rows()] == ["0001_first"]
    database.ask("DROP INDEX once")
    made.apply("0002_index")
    assert unique(database) == {"once": True}


HALF = {
    "0001_first.sql": "CREATE TABLE tally (step text, n int);\nINSERT INTO tally VALUES ('a', 1), ('b', 1);",
    "0002_index.sql": (
        "CREATE INDEX CONCURRENTLY once ON tally (step);\nCREATE UNIQUE INDEX CONCURRENTLY twice ON tally (n);"
    ),
}


def unique(database: Database) -> dict[str, bool]:
    return dict(
        database.ask(
            "SELECT indexrelid::regclass::text, indisunique FROM pg_index WHERE indrelid = 'tally'::regclass "
            "AND indisvalid"
        )
    )


def half(database: Database, root: Path) -> None:
    made = schema(database.address, root, HALF)
    made.apply("0001_first")
    with pytest.raises(Unfit, match=r"sql/0002_index.sql:2: could not create unique index.*already there.*: once$"):
        made.apply("0002_index")
    assert unique(database) == {"once": False}


@pytest.mark.parametrize("tolerant", ["", "IF NOT EXISTS "])
def test_what_an_earlier_text_built_is_not_taken_for_what_the_text_says_now(
    database: Database, tmp_path: Path, tolerant: str
) -> None:
    half(database, tmp_path)
    edited = {**HALF, "0002_index.sql": f"CREATE UNIQUE INDEX CONCURRENTLY {tolerant}once ON tally (step);"}
    made = schema(database.address, tmp_path, edited)
    for _ in range(2):
        with pytest.raises(Unfit, match=r"0002_index.sql:1: .*earlier text.*DROP INDEX CONCURRENTLY .*once"):
            made.apply("0002_index")
    assert made.observe().applied == ("0001_first",)
    database.ask("DROP INDEX CONCURRENTLY once")
    made.apply("0002_index")
    assert unique(database) == {"once": True}
    assert made.observe().applied == ("0001_first", "0002_index")


def test_the_same_text_goes_on_where_it_was(database: Database, tmp_path: Path) -> None:
    half(database, tmp_path)
    before = database.ask("SELECT 'once'::regclass::oid")
    database.ask("UPDATE tally SET n = 2 WHERE step = 'b'")
    schema(database.address, tmp_path, HALF).apply("0002_index")
    assert unique(database) == {"once": False, "twice": True}
    assert database.ask("SELECT 'once'::regclass::oid") == before


def test_the_preconditions_of_an_edited_text_are_asked(database: Database, tmp_path: Path) -> None:
    half(database, tmp_path)
    other = "-- precondition: SELECT false\nCREATE INDEX CONCURRENTLY thrice ON tally (n);"
    with pytest.raises(Unfit, match="does not hold"):
        schema(database.address, tmp_path, {**HALF, "0002_index.sql": other}).apply("0002_index")


@pytest.mark.parametrize("how", ["applied", "adopted"])
def test_a_text_that_no_longer_builds_beside_the_work_can_take_its_place(
    database: Database, tmp_path: Path, how: str
) -> None:
    half(database, tmp_path)
    plain = {**HALF, "0002_index.sql": "ALTER TABLE tally ADD COLUMN m int;"}
    made = schema(database.address, tmp_path, plain)
    (made.apply if how == "applied" else made.adopt)("0002_index")
    assert made.observe().applied == ("0001_first", "0002_index")
    schema(database.address, tmp_path, plain).apply("0002_index")


def test_a_drop_that_took_effect_under_an_earlier_text_counts(database: Database, tmp_path: Path) -> None:
    files = {**DROP, "0002_index.sql": "DROP INDEX CONCURRENTLY once;\nDROP INDEX CONCURRENTLY nowhere;"}
    made = schema(database.address, tmp_path, files)
    made.apply("0001_first")
    with pytest.raises(Unfit, match=r'0002_index.sql:2: .*"?nowhere"? does not exist'):
        made.apply("0002_index")
    assert [r.id for r in made.rows()] == ["0001_first"], "nothing is begun that cannot end"
    database.ask("CREATE INDEX nowhere ON tally (step)")
    database.ask("INSERT INTO tally VALUES ('a'), ('a')")
    bad = DROP["0002_index.sql"] + "\nCREATE UNIQUE INDEX CONCURRENTLY other ON tally ((1));"
    begun = schema(database.address, tmp_path, {**DROP, "0002_index.sql": bad})
    with pytest.raises(Unfit, match="could not create"):
        begun.apply("0002_index")
    schema(database.address, tmp_path, DROP).apply("0002_index")
    assert made.observe().floor == ("0002_index",)


def test_a_name_that_the_server_cuts_is_looked_for_as_it_is(database: Database, tmp_path: Path) -> None:
    text = f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tally_{'x' * 80} ON tally (n);"
    made = schema(database.address, tmp_path, {**HALF, "0002_index.sql": text})
    made.apply("0001_first")
    for _ in range(2):
        with pytest.raises(Unfit, match="could not create unique index"):
            made.apply("0002_index")
    assert valid(database) == []


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
        database.until("SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'", building)
        database.ask("INSERT INTO tally VALUES ('meanwhile')")
        idle.commit()
        building.result(120)
    assert valid(database) == [True]


def test_a_build_waits_in_a_database_that_has_waits_for_locks_end_soon(own: Database, tmp_path: Path) -> None:
    import psycopg

    own.ask(f"ALTER DATABASE \"{own.name}\" SET lock_timeout = '50ms'")
    made = schema(own.address, tmp_path, UNIQUE)
    made.apply("0001_first")
    waits = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE UNIQUE INDEX%' "
        "AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '1s'"
    )
    with psycopg.connect(own.address) as idle, ThreadPoolExecutor(1) as pool:
        idle.execute("INSERT INTO tally VALUES ('open')")
        building = pool.submit(made.apply, "0002_index")
        own.until(waits, building)
        idle.commit()
        building.result(120)
    assert valid(own) == [True]


def stoppable(database: Database, root: Path) -> tuple[Ledgered, threading.Event]:
    """A schema whose builds have all the time they want, and what asks this process to stop."""
    stop = threading.Event()
    made = schema(database.address, root, UNIQUE, index_timeout=900, stopped=lambda: "SIGTERM" if stop.is_set() else "")
    return made, stop


INVALID = r"; an INVALID index \S*\.once stays: DROP INDEX CONCURRENTLY \S*\.once"


def test_being_asked_to_stop_ends_a_build_and_what_stays_is_named(database: Database, tmp_path: Path) -> None:
    """It waits for a transaction of the version that serves, and so does taking away what is left of it."""
    import psycopg

    made, stop = stoppable(database, tmp_path)
    made.apply("0001_first")
    with psycopg.connect(database.address) as idle, ThreadPoolExecutor(1) as pool:
        idle.execute("INSERT INTO tally VALUES ('open')")
        building = pool.submit(made.apply, "0002_index")
        database.until("SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'", building)
        stop.set()
        with pytest.raises(Patience, match=rf"ended while it ran{INVALID} \(asked to stop: SIGTERM\)"):
            building.result(120)
    assert valid(database) == [False]
    schema(database.address, tmp_path, UNIQUE).apply("0002_index")
    assert valid(database) == [True]


def test_a_unique_index_that_stays_is_said_to_refuse_writes(database: Database, tmp_path: Path) -> None:
    """A reader with an old snapshot holds up the end of the build, when the index counts for writes already."""
    import psycopg

    made, stop = stoppable(database, tmp_path)
    made.apply("0001_first")
    database.ask("INSERT INTO tally VALUES ('once')")
    with psycopg.connect(database.address) as reader, ThreadPoolExecutor(1) as pool:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT FROM tally")
        building = pool.submit(made.apply, "0002_index")
        waits = "SELECT 1 FROM pg_stat_progress_create_index WHERE phase = 'waiting for old snapshots'"
        database.until(waits, building)
        stop.set()
        with pytest.raises(Patience, match=r"once stays, and refuses writes that are not unique until .*: DROP INDEX"):
            building.result(120)
    assert valid(database) == [False]
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.ask("INSERT INTO tally VALUES ('once')")


@pytest.mark.parametrize("stops", [False, True])
def test_what_a_build_leaves_behind_is_waited_for_until_it_is_gone_or_somebody_asks_to_stop(
    database: Database, tmp_path: Path, stops: bool
) -> None:
    """A reader is in the way of the drop alone, and for longer than whoever asks to stop would wait."""
    import psycopg

    made, stop = stoppable(database, tmp_path)
    made.apply("0001_first")
    database.ask("INSERT INTO tally VALUES ('twice'), ('twice')")
    waits = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DROP INDEX CONCURRENTLY%' "
        "AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '3s'"
    )
    with psycopg.connect(database.address) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute("SELECT FROM tally")
        building = pool.submit(made.apply, "0002_index")
        database.until(waits, building)
        stop.set() if stops else reader.commit()
        with pytest.raises(Unfit, match=rf"could not create unique index[^;]*{INVALID if stops else ''}$"):
            building.result(120)
    assert valid(database) == ([False] if stops else [])


def test_what_a_build_leaves_behind_is_named_after_its_fault_and_never_adopted(
    database: Database, tmp_path: Path
) -> None:
    import psycopg

    made = schema(database.address, tmp_path, UNIQUE, index_timeout=1)
    made.apply("0001_first")
    with psycopg.connect(database.address) as idle:
        idle.execute("INSERT INTO tally VALUES ('open')")
        with pytest.raises(Unfit, match=rf"0002_index.sql:1: .*statement timeout: raise `migrations.index-.*{INVALID}"):
            made.apply("0002_index")
        with pytest.raises(Unfit, match=r"0002_index.sql:1: the index \S*\.once is INVALID.*DROP INDEX CONCURRENTLY"):
            made.adopt("0002_index")
    assert made.observe().applied == ("0001_first",)
    database.ask("DROP INDEX CONCURRENTLY once")
    made.adopt("0002_index")
    assert made.observe().applied == ("0001_first", "0002_index")


def test_a_name_that_an_index_of_another_table_has_is_not_taken_for_built(database: Database, tmp_path: Path) -> None:
    files = {**UNIQUE, "0002_index.sql": "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS once ON tally (step);"}
    made = schema(database.address, tmp_path, files)
    made.apply("0001_first")
    database.ask("CREATE TABLE other (n int); CREATE INDEX once ON other (n)")
    for _ in range(2):
        with pytest.raises(Unfit, match=r"sql/0002_index.sql:1: nothing was built: the name once is not free"):
            made.apply("0002_index")
    assert made.observe().applied == ("0001_first",)
    database.ask("DROP INDEX once")
    made.apply("0002_index")
    assert unique(database) == {"once": True}


def test_an_index_in_which_nulls_are_not_distinct_is_built_beside_the_work(database: Database, tmp_path: Path) -> None:
    text = "CREATE UNIQUE INDEX CONCURRENTLY once ON tally (step) NULLS NOT DISTINCT;"
    made = schema(database.address, tmp_path, {**UNIQUE, "0002_index.sql": text})
    for migration in ("0001_first", "0002_index"):
        made.apply(migration)
    assert database.ask("SELECT indnullsnotdistinct FROM pg_index WHERE indrelid = 'tally'::regclass") == [(True,)]


@pytest.mark.parametrize(
    "text", ["REINDEX INDEX CONCURRENTLY once;", "CREATE INDEX CONCURRENTLY i ON ONLY tally (step);"]
)
def test_what_the_server_runs_outside_of_transactions_alone_is_done_by_hand_and_adopted(
    database: Database, tmp_path: Path, text: str
) -> None:
    """No declaration lifts it: the server would refuse it in the middle of the run."""
    files = {**UNIQUE, "0002_index.sql": text}
    made = schema(database.address, tmp_path, files, declared={"0002_index": "expand"})
    made.apply("0001_first")
    with pytest.raises(Unfit, match=r"0002_index.sql:1: .*do it by hand, beside a deploy, then .*--adopt ID"):
        made.apply("0002_index")
    made.adopt("0002_index")
    assert made.observe().applied == ("0001_first", "0002_index")
