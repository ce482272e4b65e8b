"""One migration at a time on a real PostgreSQL: once, whole, by the latest epoch, and never at the cost of others."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from migrations.conftest import Database
from migrations.making import IDS, THREE, migrations, schema
from readiness_deploy.migrations import Ledgered, Migration, Plan, contract
from readiness_deploy.ports import Fenced, Lost, Patience, Unfit
from readiness_deploy.record import Release
from simulator.proof import FULL

from readiness.cli.deploying.schema import Database as ServiceDatabase

pytestmark = pytest.mark.needs("postgresql")


def tally(database: Database) -> list[str]:
    """Which steps took effect, each as often as it did."""
    if database.ask("SELECT to_regclass('tally') IS NULL") == [(True,)]:
        return []
    return sorted(row[0] for row in database.ask("SELECT step FROM tally"))


def ledger(database: Database) -> tuple[str, ...]:
    if database.ask("SELECT to_regclass('readiness_migrations') IS NULL") == [(True,)]:
        return ()
    return tuple(row[0] for row in database.ask("SELECT id FROM readiness_migrations ORDER BY position"))


def test_each_is_applied_once_and_the_ledger_says_by_whom(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, THREE, epoch=7)
    assert made.observe().applied == ()
    for migration in (*IDS, *IDS):
        made.apply(migration)
    assert made.observe().applied == IDS
    assert tally(database) == ["first", "second", "second", "third"]
    assert [(r.phase, r.run, r.epoch) for r in made.rows()] == [("data", "run-1", 7)] * 3
    assert database.ask("SELECT keeper, epoch FROM readiness_epoch") == [("k", 7)]


def test_a_claim_alone_shuts_out_whoever_held_the_lock_before(database: Database, tmp_path: Path) -> None:
    sleeper = schema(database.address, tmp_path, THREE, epoch=4)
    sleeper.apply(IDS[0])
    schema(database.address, tmp_path, THREE, epoch=5).claim()
    with pytest.raises(Fenced, match="epoch 5 of this keeper, and this process has 4"):
        sleeper.apply(IDS[1])
    with pytest.raises(Fenced):
        sleeper.claim()


def test_a_later_epoch_shuts_out_an_earlier_one(database: Database, tmp_path: Path) -> None:
    schema(database.address, tmp_path, THREE, epoch=5).apply(IDS[0])
    with pytest.raises(Fenced, match="epoch 5 of this keeper, and this process has 4"):
        schema(database.address, tmp_path, THREE, epoch=4).apply(IDS[1])
    with pytest.raises(Fenced):
        schema(database.address, tmp_path, THREE, epoch=4).apply(IDS[0])
    assert ledger(database) == IDS[:1]
    schema(database.address, tmp_path, THREE, epoch=5).apply(IDS[1])
    assert tally(database) == ["first", "second", "second"]


def test_taking_over_is_seen_in_the_database_even_where_nothing_is_left_to_do(
    database: Database, tmp_path: Path
) -> None:
    schema(database.address, tmp_path, THREE, epoch=5).apply(IDS[0])
    schema(database.address, tmp_path, THREE, epoch=6).apply(IDS[0])
    with pytest.raises(Fenced):
        schema(database.address, tmp_path, THREE, epoch=5).apply(IDS[1])


@pytest.mark.parametrize("broken", range(4))
def test_whichever_statement_fails_nothing_of_the_migration_stays(
    database: Database, tmp_path: Path, broken: int
) -> None:
    lines = THREE["0002_second.sql"].splitlines()
    lines.insert(broken, "INSERT INTO nowhere VALUES (1);")
    made = schema(database.address, tmp_path, {**THREE, "0002_second.sql": "\n".join(lines)})
    made.apply(IDS[0])
    with pytest.raises(Unfit, match=rf"sql/0002_second.sql:{broken + 1}: .*nowhere"):
        made.apply(IDS[1])
    with pytest.raises(Unfit, match="0002_second comes before it and is not applied"):
        made.apply(IDS[2])
    assert (ledger(database), tally(database)) == (IDS[:1], ["first"])
    assert database.ask("SELECT to_regclass('other') IS NULL") == [(True,)]


def test_what_fails_at_commit_is_not_applied(database: Database, tmp_path: Path) -> None:
    files = {
        "1.sql": "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO a VALUES (1, 2);"
    }
    with pytest.raises(Unfit, match="violates foreign key"):
        schema(database.address, tmp_path, files).apply("1")
    assert ledger(database) == ()


def test_two_statements_are_never_run_as_one(database: Database, tmp_path: Path) -> None:
    """Should our lexer and the server's disagree about where a statement ends, the server refuses."""
    from readiness_deploy.migrations.address import parse
    from readiness_deploy.migrations.postgres_link import Failed, Link

    with Link(parse(database.address)) as link, pytest.raises(Failed, match="multiple commands"):
        link.one("CREATE TABLE a (id int); DROP TABLE a", within=5)


def test_a_cancel_that_hangs_does_not_keep_a_statement_beyond_its_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a libpq before 17, whose cancel has no limit, on a network that swallows packets."""
    import psycopg
    from readiness_deploy.migrations.address import parse
    from readiness_deploy.migrations.attempts import Away
    from readiness_deploy.migrations.postgres_link import Link

    asked, over = threading.Event(), threading.Event()

    def cancel_safe(_connection: object, *, timeout: float) -> None:
        asked.set()
        over.wait()

    def sleep() -> None:
        with Link(parse(database.address), 5.0, stopped=lambda: "SIGTERM") as link:
            link.settle()
            link.one("SELECT pg_sleep(900)", within=1)

    monkeypatch.setattr(psycopg.Connection, "cancel_safe", cancel_safe)
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(sleep)
        try:
            with pytest.raises(Away, match="no answer within 6 s"):
                sleeping.result(120)
        finally:
            over.set()
    assert asked.is_set()


def test_two_runners_at_once(database: Database, tmp_path: Path) -> None:
    made = [schema(database.address, tmp_path, THREE, lock_timeout=5.0, attempts=10) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for migration in IDS:
            list(pool.map(lambda one, wanted=migration: one.apply(wanted), made))  # type: ignore[misc]
    assert (ledger(database), tally(database)) == (IDS, ["first", "second", "second", "third"])


def test_a_lock_that_is_not_to_be_had_ends_in_patience_and_holds_nobody_back(
    database: Database, tmp_path: Path
) -> None:
    """An idle transaction reads the table; behind our DDL in the queue, readers wait no longer than lock_timeout."""
    import psycopg

    limit = 0.3
    made = schema(database.address, tmp_path, THREE, lock_timeout=limit, statement_timeout=60, attempts=3)
    made.apply(IDS[0])
    slowest, reading, ended = [0.0], threading.Event(), threading.Event()

    def read() -> None:
        with psycopg.connect(database.address, autocommit=True) as connection:
            while not ended.is_set():
                began = time.monotonic()
                connection.execute("SELECT count(*) FROM tally")
                slowest[0] = max(slowest[0], time.monotonic() - began)
                reading.set()

    with psycopg.connect(database.address) as idle:
        idle.execute("SELECT count(*) FROM tally")
        reader = threading.Thread(target=read)
        reader.start()
        assert reading.wait(120)
        slowest[0] = 0.0
        with pytest.raises(Patience, match="3 attempts"):
            made.apply(IDS[1])
        ended.set()
        reader.join()
    assert limit / 2 < slowest[0] < 30, "as long as the statement may take"
    assert ledger(database) == IDS[:1]
    made.apply(IDS[1])
    assert tally(database) == ["first", "second", "second"]


def test_a_statement_without_end_is_ended_and_named(database: Database, tmp_path: Path) -> None:
    files = {"1.sql": "CREATE TABLE a (id int);\n\nINSERT INTO a SELECT 1 FROM pg_sleep(900);"}
    with pytest.raises(Unfit, match=r"sql/1.sql:3: .*statement timeout.*statement-timeout"):
        schema(database.address, tmp_path, files, statement_timeout=5, declared={"1": "data"}).apply("1")
    assert ledger(database) == ()


@pytest.mark.parametrize("last", ["INSERT INTO a SELECT 1 FROM pg_sleep(0.8);", "INSERT INTO b VALUES (1);"])
def test_all_statements_of_a_migration_have_one_limit_together(database: Database, tmp_path: Path, last: str) -> None:
    """Locks are held for their sum. What is put off to the end, such as a deferred constraint, counts too."""
    database.ask(
        "CREATE TABLE b (n int); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON b "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    files = {"1.sql": "CREATE TABLE a (n int);\n" + "INSERT INTO a SELECT 1 FROM pg_sleep(0.4);\n" * 2 + last}
    began = time.monotonic()
    with pytest.raises(Unfit, match=r"sql/1.sql.*timeout.*several migrations.*statement-timeout"):
        schema(database.address, tmp_path, files, statement_timeout=1.2, declared={"1": "data"}).apply("1")
    assert time.monotonic() - began < 50
    assert ledger(database) == ()


def test_being_asked_to_stop_ends_the_patience(database: Database, tmp_path: Path) -> None:
    import psycopg

    schema(database.address, tmp_path, THREE).apply(IDS[0])
    asked: list[str] = []
    made = schema(
        database.address, tmp_path, THREE, attempts=100, lock_timeout=0.01,
        stopped=lambda: "SIGTERM" if asked.append("x") is None else "",
    )  # fmt: skip
    with psycopg.connect(database.address) as idle:
        idle.execute("SELECT count(*) FROM tally")
        with pytest.raises(Patience, match="asked to stop: SIGTERM"):
            made.apply(IDS[1])
    assert len(asked) < 50


@pytest.mark.parametrize(
    "late",
    ["UPDATE tally SET step = 'x' FROM pg_sleep(600);", "-- precondition: SELECT pg_sleep(600) IS NULL\nSELECT 1;"],
)
def test_being_asked_to_stop_ends_a_statement_and_undoes_its_migration(
    database: Database, tmp_path: Path, late: str
) -> None:
    stop = threading.Event()
    files = {**THREE, "0002_second.sql": f"CREATE TABLE other (id int);\n{late}"}
    made = schema(
        database.address, tmp_path, files, statement_timeout=900, declared={IDS[1]: "data"},
        stopped=lambda: "SIGTERM" if stop.is_set() else "",
    )  # fmt: skip
    made.apply(IDS[0])
    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(made.apply, IDS[1])
        while not database.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            assert not applying.done()
        stop.set()
        with pytest.raises(Patience, match=r"asked to stop: SIGTERM"):
            applying.result(120)
    assert (ledger(database), tally(database)) == (IDS[:1], ["first"])
    assert database.ask("SELECT to_regclass('other') IS NULL") == [(True,)]


CHILD = """
import os, signal, sys
from pathlib import Path
from migrations.making import schema, THREE
from readiness_deploy.migrations import postgres_link

address, root, wanted, fatal = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
talks = 0

def deadly(whole):
    def talk(link, *arguments, **named):
        global talks
        talks += 1
        if talks == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(link, *arguments, **named)
    return talk

for name in ("run", "one", "commit"):
    setattr(postgres_link.Link, name, deadly(getattr(postgres_link.Link, name)))
schema(address, root, THREE).apply(wanted)
"""


def killed(database: Database, root: Path, wanted: str, fatal: int) -> bool:
    """Whether a process of its own that applies this migration was killed before its n-th word to the server."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, database.address, str(root), wanted, str(fatal)],
        cwd=Path(__file__).parents[1], check=False, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode == -signal.SIGKILL


def test_killed_at_any_word_to_the_server_it_is_applied_once_in_the_end(server: Any, tmp_path: Path) -> None:
    fatal, deaths = 0, 0
    while True:
        fatal += 1 if FULL else 3
        database = Database(server, server.schema())
        schema(database.address, tmp_path, THREE).apply(IDS[0])
        died = killed(database, tmp_path, IDS[1], fatal)
        assert tally(database) in (["first"], ["first", "second", "second"])
        schema(database.address, tmp_path, THREE, attempts=20).apply(IDS[1])
        assert (ledger(database), tally(database)) == (IDS[:2], ["first", "second", "second"])
        if not died:
            break
        deaths += 1
    assert deaths > 4


def test_a_server_that_crashes_in_the_middle(tmp_path: Path) -> None:
    """A server of its own, since others would notice. The migration finds it again by itself."""
    import postgres
    import psycopg

    with postgres.server() as own:
        database = Database(own, own.schema())
        files = {
            **THREE,
            "0002_second.sql": THREE["0002_second.sql"] + "INSERT INTO held SELECT 1;\n",
        }
        limits = {"lock_timeout": 60, "statement_timeout": 60, "attempts": 50}
        made = schema(database.address, tmp_path, files, **limits, declared={"0002_second": "data"})
        made.apply(IDS[0])
        database.ask("CREATE TABLE held (n int)")
        with ThreadPoolExecutor(1) as pool, psycopg.connect(database.address) as holder:
            holder.execute("LOCK TABLE held IN EXCLUSIVE MODE")
            applying = pool.submit(made.apply, IDS[1])
            while not database.ask("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'held'::regclass"):
                assert not applying.done()
            own.restart()
            holder.close()
            applying.result(120)
        assert database.ask("SELECT n FROM held") == [(1,)]
        assert tally(database) == ["first", "second", "second"]
        own.stop()
        with pytest.raises(Lost):
            schema(database.address, tmp_path, files, attempts=2, declared={"0002_second": "data"}).apply(IDS[2])
        with pytest.raises(Lost):
            made.observe()


def test_a_role_that_may_not_is_told_so(own: Database, tmp_path: Path) -> None:
    import postgres

    role = f"reader_{own.name}"
    own.ask(f"CREATE ROLE {role} LOGIN PASSWORD '{postgres.PASSWORD}'")
    address = own.server.address(own.name, user=role)
    for deed in (schema(address, tmp_path, THREE).apply, schema(address, tmp_path, THREE).adopt):
        with pytest.raises(Unfit, match="permission denied"):
            deed(IDS[0])
    own.ask(f"ALTER DATABASE {own.name} SET default_transaction_read_only = on")
    with pytest.raises(Unfit, match="read-only transaction"):
        schema(own.address, tmp_path, THREE).apply(IDS[0])


def test_no_fault_tells_the_password(database: Database, tmp_path: Path) -> None:
    secret = "pl%40nted-passw0rd"
    for address in (
        f"postgresql://nobody:{secret}@127.0.0.1:{database.server.port}/{database.name}",
        f"postgresql://nobody:{secret}@127.0.0.1:1/{database.name}?connect_timeout=2",
        f"postgresql://nobody:{secret}@127.0.0.1:1/{database.name}?nonsense=1",
    ):
        made = schema(address, tmp_path, THREE, attempts=1)
        for deed in (made.rows, lambda one=made: one.apply(IDS[0])):
            with pytest.raises((Lost, Unfit)) as fault:
                deed()
            said = f"{fault.value!r} {fault.value.__cause__!r}"
            assert "nted-passw0rd" not in said
            assert "127.0.0.1" in said


def test_why_no_connection_is_to_be_had_is_said(tmp_path: Path) -> None:
    """Of several hosts, of each."""
    one, two = "127.0.0.1:1", "127.0.0.1:2"
    for hosts, more in ((one, ""), (f"{one},{two}", "?target_session_attrs=read-write")):
        with pytest.raises(Lost) as fault:
            schema(f"postgresql://nobody:x@{hosts}/nowhere{more}", tmp_path, THREE, attempts=1).rows()
        assert str(fault.value).count("Connection refused") == hosts.count(":")


RAISING = (
    "CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no % here', {}; END $$"
)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE c AS SELECT email::int FROM u", 'invalid input syntax for type integer: "…"'),
        ("CREATE TABLE c AS SELECT email::date FROM u", 'invalid input syntax for type date: "…"'),
        ("CREATE TABLE c AS SELECT ('{' || email)::int[] FROM u", 'malformed array literal: "…"'),
        ("CREATE TABLE c AS SELECT to_date(email, 'YYYY') FROM u", 'invalid value "…"'),
        ("CREATE TABLE c AS SELECT (email || ' &')::tsquery FROM u", 'syntax error in tsquery: "…"'),
        ("CREATE TABLE c AS SELECT email::regclass FROM u", "invalid name syntax|does not exist"),
        ("INSERT INTO u SELECT 2, email FROM u", "violates unique constraint"),
        ("UPDATE u SET id = NULL", 'null value in column "id"'),
        ("ALTER TABLE u ADD CHECK (id > 1)", "is violated by some row"),
        ("CREATE TRIGGER t BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION complain(); UPDATE u SET id = 3", "P0001"),
        ("CREATE TRIGGER t BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION protest(); UPDATE u SET id = 3", "23514"),
    ],
)
def test_no_fault_tells_what_is_in_the_rows(database: Database, tmp_path: Path, sql: str, words: str) -> None:
    """Neither in the server's primary message, nor in what a function of the service makes of it."""
    database.ask(
        "CREATE TABLE u (id int NOT NULL, email text UNIQUE); "
        """INSERT INTO u VALUES (1, E'alice@example.org "se\\ncret" token')"""
    )
    database.ask(RAISING.format("NEW"))
    named = RAISING.replace("complain", "protest").replace("; END", " USING ERRCODE = 'check_violation'; END")
    database.ask(named.format("NEW"))
    made = schema(database.address, tmp_path, {"1.sql": sql}, declared={"1": "data"})
    with pytest.raises(Unfit, match=words) as fault:
        made.apply("1")
    for part in ("alice", "cret", "token"):
        assert part not in str(fault.value)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT count(*) = 1 FROM tally", ""),
        ("SELECT count(*) = 9 FROM tally", "does not hold"),
        ("SELECT true FROM tally WHERE false", "does not hold"),
        ("SELECT 1", "does not hold"),
        ("SELECT true UNION ALL SELECT true", "does not hold"),
        ("SELECT nonsense", "cannot be asked"),
        ("SELECT nextval('turns') > 0", "read-only"),
        ("SELECT true; DROP TABLE tally", "cannot be asked"),
    ],
)
def test_a_precondition_is_asked_where_it_can_change_nothing(
    database: Database, tmp_path: Path, query: str, words: str
) -> None:
    made = schema(
        database.address, tmp_path, {**THREE, "0003_third.sql": f"-- precondition: {query}\nDROP TABLE tally"}
    )
    made.apply(IDS[0])
    database.ask("CREATE SEQUENCE turns")
    made.apply(IDS[1])
    database.ask("DELETE FROM tally WHERE step = 'second'")
    if not words:
        made.apply(IDS[2])
        assert made.observe().floor == IDS[2:]
        return
    with pytest.raises(Unfit, match=f"sql/0003_third.sql:1: .*{words}"):
        made.apply(IDS[2])
    assert tally(database) == ["first"]


def test_an_edited_migration_stops_everything(database: Database, tmp_path: Path) -> None:
    schema(database.address, tmp_path, THREE).apply(IDS[0])
    edited = schema(database.address, tmp_path, {**THREE, "0001_first.sql": THREE["0001_first.sql"] + "-- more\n"})
    for migration in IDS[:2]:
        with pytest.raises(Unfit, match=r"sql/0001_first.sql:1: 0001_first was edited after it was applied \(2"):
            edited.apply(migration)


def test_what_was_applied_by_other_means_can_be_adopted(database: Database, tmp_path: Path) -> None:
    database.ask("CREATE TABLE tally (step text NOT NULL)")
    made = schema(database.address, tmp_path, THREE)
    with pytest.raises(Unfit, match=r"0001_first.sql:1: .*already exists.*--adopt"):
        made.apply(IDS[0])
    made.adopt(IDS[0])
    made.apply(IDS[1])
    assert (ledger(database), tally(database)) == (IDS[:2], ["second", "second"])


def test_the_ledger_stays_where_it_is_whatever_the_search_path(own: Database, tmp_path: Path) -> None:
    files = {**THREE, "0002_second.sql": 'CREATE SCHEMA "Else where";\nSET search_path TO "Else where";\n'}
    made = schema(own.address, tmp_path, files, declared={"0002_second": "expand"})
    for migration in IDS[:2]:
        made.apply(migration)
    assert ledger(own) == IDS[:2]
    own.ask(f"""ALTER DATABASE {own.name} SET search_path TO "Else where", public""")
    assert made.observe().applied == IDS[:2]


def test_epochs_of_another_keeper_mean_nothing_here(database: Database, tmp_path: Path) -> None:
    """As where the state folder was lost, or another machine serves from the same database."""
    first = schema(database.address, tmp_path, THREE, epoch=400)
    assert not first.shared()
    first.apply(IDS[0])
    assert not first.shared()
    second = schema(database.address, tmp_path, THREE, epoch=1, keeper="another")
    assert second.shared()
    second.apply(IDS[1])
    first.apply(IDS[2])
    assert first.shared()


def test_what_is_adopted_was_somebody_elses(database: Database, tmp_path: Path) -> None:
    made = schema(database.address, tmp_path, THREE)
    made.adopt(IDS[0])
    assert [row.adopted for row in made.rows()] == [True]
    assert made.shared()


TYPED = {
    "0001_types.sql": "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE tally (step text NOT NULL);\n",
    "0002_column.sql": "ALTER TABLE tally ADD COLUMN feeling mood NOT NULL DEFAULT 'ok';\n",
}


def planned(schema: Ledgered, found: Sequence[Migration]) -> Plan:
    return ServiceDatabase(schema, tuple(found)).plan(first=False)


def test_a_column_of_a_type_that_an_earlier_migration_made(database: Database, tmp_path: Path) -> None:
    made, found = schema(database.address, tmp_path, TYPED), migrations(tmp_path, TYPED, database.address)
    assert planned(made, found).problems == ()
    made.apply("0001_types")
    assert planned(made, found).problems == ()
    made.apply("0002_column")
    assert ledger(database) == ("0001_types", "0002_column")


@pytest.mark.parametrize("written", ["rank", "shop.rank", '"Rank"', "RANK"])
def test_a_column_of_a_domain_is_refused_by_the_plan_and_never_added(
    own: Database, tmp_path: Path, written: str
) -> None:
    """Whoever made the type: a plan can be old when its migration is applied."""
    files = {
        **THREE,
        "0002_second.sql": f"-- so it is ranked\nALTER TABLE tally ADD COLUMN r {written};\n",
    }
    made, found = schema(own.address, tmp_path, files), migrations(tmp_path, files, own.address)
    made.apply(IDS[0])
    assert planned(made, found).problems == ()
    name = written.lower() if written == "RANK" else written
    own.ask(f"CREATE SCHEMA shop; CREATE DOMAIN {name} AS int CHECK (value > 0)")
    said = re.escape(f"sql/0002_second.sql:2: ALTER TABLE tally ADD COLUMN r {written}: {written} is a domain")
    (problem,) = planned(made, found).problems
    assert re.match(said, problem)
    with pytest.raises(Unfit, match=said):
        made.apply(IDS[1])
    assert (ledger(own), tally(own)) == (IDS[:1], ["first"])
    schema(own.address, tmp_path, files, declared={IDS[1]: "expand"}).apply(IDS[1])
    assert ledger(own) == IDS[:2]


def test_a_type_that_the_server_cannot_name_is_told_by_the_statement(database: Database, tmp_path: Path) -> None:
    files = {**THREE, "0002_second.sql": "ALTER TABLE tally ADD COLUMN a one.two.three.four;\n"}
    made, found = schema(database.address, tmp_path, files), migrations(tmp_path, files, database.address)
    made.apply(IDS[0])
    assert planned(made, found).problems == ()
    with pytest.raises(Unfit, match=r"sql/0002_second.sql.*too many dotted names"):
        made.apply(IDS[1])


@pytest.mark.parametrize(
    ("made", "written", "refused"),
    [
        ("rank", "RANK", True), ('public."Rank"', '"Rank"', True), ("/* a */ Rank", "public.rank", True),
        ('"Rank"', "rank", False), ("shop.rank", "public.rank", False),
    ],
)  # fmt: skip
def test_a_domain_that_is_still_to_be_made_is_one_for_the_plan(
    database: Database, tmp_path: Path, made: str, written: str, refused: bool
) -> None:
    """Else it would be refused when what comes before it is committed. A person answers for the making of it alone."""
    files = {
        **THREE, "0002_second.sql": f"CREATE DOMAIN {made} AS int CHECK (value > 0);",
        "0003_third.sql": f"ALTER TABLE tally ADD COLUMN r {written};",
    }  # fmt: skip
    answered = {"declared": {IDS[1]: "expand"}}
    found = migrations(tmp_path, files, database.address, **answered)
    problems = planned(schema(database.address, tmp_path, files, **answered), found).problems
    assert [p.split(": ")[0] for p in problems] == ["sql/0003_third.sql:1"] * refused


def test_a_contract_run_applies_nothing_where_a_new_column_is_of_a_domain(database: Database, tmp_path: Path) -> None:
    files = {
        **THREE, "0002_second.sql": "ALTER TABLE tally DROP COLUMN step;",
        "0003_third.sql": "ALTER TABLE tally ADD COLUMN r rank, ADD COLUMN s one.two.three.four;",
    }  # fmt: skip
    made, found = schema(database.address, tmp_path, files), migrations(tmp_path, files, database.address)
    made.apply(IDS[0])
    database.ask("CREATE DOMAIN rank AS int CHECK (value > 0)")
    knows = Release(id="r1", version="1", migrations=IDS)
    with pytest.raises(Unfit, match=r"sql/0003_third.sql:1: .*rank is a domain"):
        contract(made, found, [knows])
    assert (ledger(database), tally(database)) == (IDS[:1], ["first"])
