"""The same promises on a file of SQLite."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from migrations.making import IDS, THREE, schema
from readiness_deploy.ports import Fenced, Lost, Patience, Unfit
from simulator.proof import FULL


def address(root: Path) -> str:
    return f"sqlite:///{root}/app.db"


@contextmanager
def opened(root: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(root / "app.db", isolation_level=None)) as connection:
        yield connection


def ask(root: Path, sql: str) -> list[Any]:
    with opened(root) as connection:
        return connection.execute(sql).fetchall()


def tally(root: Path) -> list[str]:
    return sorted(row[0] for row in ask(root, "SELECT step FROM tally"))


def test_each_is_applied_once(tmp_path: Path) -> None:
    made = schema(address(tmp_path), tmp_path, THREE, epoch=3)
    assert made.observe().applied == ()
    for migration in (*IDS, *IDS):
        made.apply(migration)
    assert made.observe().applied == IDS
    assert tally(tmp_path) == ["first", "second", "second", "third"]
    assert ask(tmp_path, "SELECT keeper, epoch FROM readiness_epoch") == [("k", 3)]


def test_a_claim_alone_shuts_out_whoever_held_the_lock_before(tmp_path: Path) -> None:
    sleeper = schema(address(tmp_path), tmp_path, THREE, epoch=4)
    sleeper.apply(IDS[0])
    schema(address(tmp_path), tmp_path, THREE, epoch=5).claim()
    with pytest.raises(Fenced, match="epoch 5 of this keeper, and this process has 4"):
        sleeper.apply(IDS[1])
    with pytest.raises(Fenced):
        sleeper.claim()


def test_a_later_epoch_shuts_out_an_earlier_one(tmp_path: Path) -> None:
    schema(address(tmp_path), tmp_path, THREE, epoch=5).apply(IDS[0])
    for migration in IDS[:2]:
        with pytest.raises(Fenced):
            schema(address(tmp_path), tmp_path, THREE, epoch=4).apply(migration)
    assert schema(address(tmp_path), tmp_path, THREE).observe().applied == IDS[:1]


@pytest.mark.parametrize("broken", range(4))
def test_whichever_statement_fails_nothing_of_the_migration_stays(tmp_path: Path, broken: int) -> None:
    lines = THREE["0002_second.sql"].splitlines()
    lines.insert(broken, "INSERT INTO nowhere VALUES (1);")
    made = schema(address(tmp_path), tmp_path, {**THREE, "0002_second.sql": "\n".join(lines)})
    made.apply(IDS[0])
    with pytest.raises(Unfit, match=rf"sql/0002_second.sql:{broken + 1}: .*nowhere"):
        made.apply(IDS[1])
    assert (made.observe().applied, tally(tmp_path)) == (IDS[:1], ["first"])


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_writer_that_does_not_end_means_patience(tmp_path: Path, mode: str) -> None:
    ask(tmp_path, f"PRAGMA journal_mode = {mode}")
    made = schema(address(tmp_path), tmp_path, THREE, lock_timeout=0.05, attempts=2)
    made.apply(IDS[0])
    with opened(tmp_path) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO tally VALUES ('open')")
        with pytest.raises(Patience):
            made.apply(IDS[1])
    made.apply(IDS[1])
    assert tally(tmp_path) == ["first", "second", "second"]


def test_many_runners_at_once(tmp_path: Path) -> None:
    made = [schema(address(tmp_path), tmp_path, THREE, lock_timeout=5.0, attempts=20) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for migration in IDS:
            list(pool.map(lambda one, wanted=migration: one.apply(wanted), made))  # type: ignore[misc]
    assert tally(tmp_path) == ["first", "second", "second", "third"]


CHILD = """
import os, signal, sqlite3, sys
from pathlib import Path
from migrations.making import schema, THREE

address, root, wanted, fatal = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
said = 0

class Deadly(sqlite3.Connection):
    def execute(self, *arguments):
        global said
        said += 1
        if said == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*arguments)

connect = sqlite3.connect
sqlite3.connect = lambda *arguments, **named: connect(*arguments, **named, factory=Deadly)
schema(address, root, THREE).apply(wanted)
"""


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_killed_at_any_statement_it_is_applied_once_in_the_end(tmp_path: Path, mode: str) -> None:
    fatal, deaths = 0, 0
    while True:
        fatal += 1 if FULL else 3
        root = tmp_path / str(fatal)
        root.mkdir()
        ask(root, f"PRAGMA journal_mode = {mode}")
        schema(address(root), root, THREE).apply(IDS[0])
        done = subprocess.run(
            [sys.executable, "-c", CHILD, address(root), str(root), IDS[1], str(fatal)],
            cwd=Path(__file__).parents[1], check=False, capture_output=True, timeout=300,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
        assert tally(root) in (["first"], ["first", "second", "second"])
        schema(address(root), root, THREE).apply(IDS[1])
        assert tally(root) == ["first", "second", "second"]
        if done.returncode == 0:
            break
        deaths += 1
    assert deaths > 4


def snapshots(root: Path) -> dict[str, list[str]]:
    """The steps in each copy, by the copy's name."""
    found = {}
    for path in sorted(root.glob("app.db.before-*")):
        with closing(sqlite3.connect(path)) as before:
            found[path.name] = [row[0] for row in before.execute("SELECT step FROM tally")]
        assert path.stat().st_mode & 0o077 == 0
    return found


def test_a_snapshot_is_made_before_a_run_and_those_of_the_newest_runs_are_kept(tmp_path: Path) -> None:
    drops = "DELETE FROM tally;"
    files = THREE | {"0004_gone.sql": drops} | {f"{n:04}_more.sql": f"CREATE TABLE t{n} (x)" for n in range(5, 12)}
    runs = {
        "a": ("0001_first", "0002_second"),
        "b": ("0003_third",),
        "c": ("0004_gone", *(f"{n:04}_more" for n in range(5, 12))),
    }
    for run, wanted in runs.items():
        for migration in wanted:  # each by another process, as when a run is taken up again
            schema(address(tmp_path), tmp_path, files, run=run).apply(migration)
    assert snapshots(tmp_path) == {
        "app.db.before-0001-0003_third": ["first", "second", "second"],
        "app.db.before-0002-0004_gone": ["first", "second", "second", "third"],
    }
    files |= {f"{n:04}_more.sql": f"CREATE TABLE t{n} (x)" for n in range(12, 15)}
    for number in (12, 13):
        schema(address(tmp_path), tmp_path, files, run=str(number)).apply(f"{number:04}_more")
    assert list(snapshots(tmp_path)) == [
        "app.db.before-0002-0004_gone", "app.db.before-0003-0012_more", "app.db.before-0004-0013_more",
    ]  # fmt: skip


def test_an_attempt_that_fails_again_and_again_takes_no_snapshot_away(tmp_path: Path) -> None:
    files = {**THREE, "0003_third.sql": "INSERT INTO nowhere VALUES (1)"}
    for migration in IDS[:2]:
        schema(address(tmp_path), tmp_path, files, run=migration).apply(migration)
    for run in "abcde":
        with pytest.raises(Unfit, match="nowhere"):
            schema(address(tmp_path), tmp_path, files, run=run).apply(IDS[2])
        with opened(tmp_path) as connection:
            connection.execute("UPDATE tally SET note = note || ?", [run])
    with closing(sqlite3.connect(tmp_path / "app.db.before-0002-0003_third")) as before:
        assert before.execute("SELECT max(note) FROM tally").fetchall() == [("babcd",)]
    assert snapshots(tmp_path) == {
        "app.db.before-0001-0002_second": ["first"],
        "app.db.before-0002-0003_third": ["first", "second", "second"],
    }


def test_nothing_is_changed_where_no_snapshot_can_be_made(tmp_path: Path) -> None:
    made = schema(address(tmp_path), tmp_path, THREE)
    made.apply(IDS[0])
    made = schema(address(tmp_path), tmp_path, THREE, run="run-2")
    (tmp_path / "app.db.before-partial").mkdir()
    with pytest.raises(Unfit, match="no snapshot can be made"):
        made.apply(IDS[1])
    assert tally(tmp_path) == ["first"]


ENDLESS = "INSERT INTO tally (step) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


def test_a_statement_without_end_is_ended_and_named(tmp_path: Path) -> None:
    made = schema(address(tmp_path), tmp_path, {**THREE, "0002_second.sql": f"\n{ENDLESS};"}, statement_timeout=1)
    made.apply(IDS[0])
    with pytest.raises(Unfit, match=r"sql/0002_second.sql:2: interrupted.*statement-timeout"):
        made.apply(IDS[1])
    assert tally(tmp_path) == ["first"]


def test_being_asked_to_stop_ends_a_statement_and_undoes_its_migration(tmp_path: Path) -> None:
    asked = count()
    files = {**THREE, "0002_second.sql": f"CREATE TABLE other (id);\n{ENDLESS};"}
    schema(address(tmp_path), tmp_path, files).apply(IDS[0])
    made = schema(
        address(tmp_path), tmp_path, files, statement_timeout=900,
        stopped=lambda: "SIGTERM" if next(asked) > 9 else "",
    )  # fmt: skip
    with pytest.raises(Patience, match="asked to stop: SIGTERM"):
        made.apply(IDS[1])
    assert (made.observe().applied, tally(tmp_path)) == (IDS[:1], ["first"])
    assert ask(tmp_path, "SELECT 1 FROM sqlite_master WHERE name = 'other'") == []


COUNTED = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i) FROM n"


def test_all_statements_of_a_migration_have_one_limit_together(tmp_path: Path) -> None:
    many = f"INSERT INTO tally {COUNTED.format(200_000)};\n" * 100
    made = schema(address(tmp_path), tmp_path, {**THREE, "0002_second.sql": many}, statement_timeout=0.5)
    made.apply(IDS[0])
    with pytest.raises(Unfit, match=r"sql/0002_second.sql:\d+: interrupted.*several migrations.*statement-timeout"):
        made.apply(IDS[1])
    assert tally(tmp_path) == ["first"]


def test_a_precondition_without_end_is_ended(tmp_path: Path) -> None:
    endless = f"-- precondition: SELECT ({COUNTED.format(10**12)})\nDROP TABLE tally"
    made = schema(address(tmp_path), tmp_path, {**THREE, "0002_second.sql": endless}, statement_timeout=0.3)
    made.apply(IDS[0])
    with pytest.raises(Unfit, match=r"sql/0002_second.sql:1: the precondition cannot be asked: interrupted"):
        made.apply(IDS[1])


def test_a_precondition_must_hold_and_writes_nothing(tmp_path: Path) -> None:
    for query, words in {
        "SELECT count(*) = 1 FROM tally": "",
        "SELECT count(*) = 9 FROM tally": "does not hold",
        "SELECT 1 WHERE 0": "does not hold",
        "SELECT nonsense": "cannot be asked",
        "SELECT 1; DELETE FROM tally": "cannot be asked",
    }.items():
        root = tmp_path / str(abs(hash(query)))
        root.mkdir()
        made = schema(address(root), root, {**THREE, "0002_second.sql": f"-- precondition: {query}\nDROP TABLE tally"})
        made.apply(IDS[0])
        if not words:
            made.apply(IDS[1])
            assert made.observe().floor == IDS[1:2]
            continue
        with pytest.raises(Unfit, match=f"sql/0002_second.sql:1: .*{words}"):
            made.apply(IDS[1])
        assert tally(root) == ["first"]


def test_what_was_applied_by_other_means_can_be_adopted(tmp_path: Path) -> None:
    ask(tmp_path, "CREATE TABLE tally (step text NOT NULL)")
    made = schema(address(tmp_path), tmp_path, THREE)
    with pytest.raises(Unfit, match=r"0001_first.sql:1: .*already exists.*--adopt"):
        made.apply(IDS[0])
    made.adopt(IDS[0])
    made.apply(IDS[1])
    assert tally(tmp_path) == ["second", "second"]


@pytest.mark.parametrize("value", [":note", "?", "$1", "@note"])
def test_a_parameter_without_a_value_is_a_fault_of_the_file(tmp_path: Path, value: str) -> None:
    for text in (
        f"\nINSERT INTO tally (step) VALUES ({value});",
        f"\n-- precondition: SELECT {value}\nDROP TABLE tally",
    ):
        made = schema(address(tmp_path), tmp_path, {**THREE, "0002_second.sql": text})
        made.apply(IDS[0])
        with pytest.raises(Unfit, match=r"sql/0002_second.sql:2: .*write the value itself"):
            made.apply(IDS[1])
    assert tally(tmp_path) == ["first"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE readiness_epoch SET epoch = 'abc'", r"readiness_epoch: .*a whole number, found 'abc'.*epoch = 1"),
        ("UPDATE readiness_epoch SET epoch = 1.5", r"readiness_epoch: .*a whole number, found '1.5'"),
        ("UPDATE readiness_migrations SET id = NULL", r"readiness_migrations: wanted a text as id, found 'None'"),
        (
            "UPDATE readiness_migrations SET epoch = 'abc'",
            r"readiness_migrations: wanted a number as epoch, found 'abc'",
        ),
    ],
)
def test_a_ledger_that_somebody_wrote_to_is_named(tmp_path: Path, harm: str, words: str) -> None:
    made = schema(address(tmp_path), tmp_path, THREE)
    made.apply(IDS[0])
    ask(tmp_path, harm)
    for deed in (made.claim, lambda: made.apply(IDS[1])):
        if deed == made.claim and "readiness_migrations" in harm:
            continue
        with pytest.raises((Unfit, Lost), match=words):
            deed()
    assert tally(tmp_path) == ["first"]


def test_a_file_that_is_no_database_is_lost_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_text("this is no database, and long enough to be taken for one" * 30)
    before = (tmp_path / "app.db").read_bytes()
    made = schema(address(tmp_path), tmp_path, THREE)
    with pytest.raises(Lost):
        made.observe()
    with pytest.raises((Lost, Unfit)):
        made.apply(IDS[0])
    assert (tmp_path / "app.db").read_bytes() == before


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The limit for the size of a file stands for the disk: what is written beyond it fails in the same way."""
    big = "INSERT INTO tally SELECT hex(randomblob(100000)) FROM sqlite_master, sqlite_master, sqlite_master"
    files = {**THREE, "0002_second.sql": f"CREATE TABLE other (id);\n{big};\n"}
    schema(address(tmp_path), tmp_path, files).apply(IDS[0])
    script = (
        "import resource, signal, sys; from pathlib import Path; from migrations.making import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))\n"
        "from readiness_deploy.ports import Unfit\n"
        "try: schema(sys.argv[1], Path(sys.argv[2]), {**THREE, '0002_second.sql': sys.argv[3]}).apply('0002_second')\n"
        "except Unfit as fault: print(fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, address(tmp_path), str(tmp_path), files["0002_second.sql"]],
        cwd=Path(__file__).parents[1], check=False, capture_output=True, timeout=300, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "sql/0002_second.sql:2: " in done.stdout, done.stderr
    assert schema(address(tmp_path), tmp_path, files).observe().applied == IDS[:1]
    assert tally(tmp_path) == ["first"]


SHOP = {
    "1.sql": (
        "CREATE TABLE Orders (id INTEGER PRIMARY KEY, code TEXT, part TEXT, kind TEXT);\n"
        "CREATE UNIQUE INDEX parts ON orders (part) WHERE part > '';\nCREATE UNIQUE INDEX kinds ON orders (kind);\n"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY);\n"
    )
}
WRITES = (
    "INSERT INTO orders (code) VALUES ('c')", "UPDATE orders SET code = 'z', part = 'y', kind = 'x'",
    "INSERT INTO notes DEFAULT VALUES", "DELETE FROM notes", "DELETE FROM orders",
)  # fmt: skip


def old_writes(root: Path) -> None:
    """What the version that serves does, which has foreign keys enforced."""
    with opened(root) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for write in WRITES:
            connection.execute(write)


@pytest.mark.parametrize(
    ("text", "line", "parent"),
    [
        ("\nCREATE TABLE items (id INTEGER PRIMARY KEY, o TEXT REFERENCES orders (code));", 2, "orders"),
        ("\n\nCREATE TABLE 'the items' (o TEXT REFERENCES orders (part));", 3, "orders"),
        ("CREATE TABLE items (a, b, FOREIGN KEY (a, b) REFERENCES orders);", 1, "orders"),
        ("ALTER TABLE notes ADD COLUMN o TEXT REFERENCES orders (code);", 1, "orders"),
        ("ALTER TABLE notes ADD COLUMN c INTEGER REFERENCES customers (id);", 1, '"customers", which is not there'),
        (
            "CREATE TABLE items (o REFERENCES orders ON DELETE CASCADE, c REFERENCES customers);",
            1,
            '"customers", which',
        ),
        (
            "CREATE TABLE items (id INTEGER PRIMARY KEY REFERENCES orders ON DELETE CASCADE);\n"
            "CREATE TABLE pieces (i REFERENCES items ON DELETE CASCADE, c REFERENCES customers);",
            2,
            '"customers", which is not there',
        ),
        (
            "CREATE TABLE kinds_of (x);\n"
            "CREATE TABLE items (o TEXT REFERENCES orders (code), k REFERENCES kinds_of (x));",
            2,
            "kinds_of",
        ),
    ],
)
def test_a_foreign_key_that_does_not_fit_is_not_made(tmp_path: Path, text: str, line: int, parent: str) -> None:
    """Nobody could write to either table any more; a person may know that no version has foreign keys enforced."""
    files = {**SHOP, "2.sql": text}
    made = schema(address(tmp_path), tmp_path, files)
    made.apply("1")
    with pytest.raises(Unfit, match=rf"sql/2.sql:{line}: foreign key mismatch.*{parent}.*migrations.declared"):
        made.apply("2")
    old_writes(tmp_path)
    schema(address(tmp_path), tmp_path, files, declared={"2": "expand"}).apply("2")
    later = {**files, "3.sql": "ALTER TABLE notes ADD COLUMN text TEXT;"}
    schema(address(tmp_path), tmp_path, later).apply("3")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE items (a REFERENCES orders, b REFERENCES orders (ID), c REFERENCES orders (kind));",
        "CREATE TABLE items (o TEXT REFERENCES customers (c));\nCREATE TABLE customers (c TEXT);\n"
        "CREATE UNIQUE INDEX c ON customers (c);",
        "ALTER TABLE notes ADD COLUMN o INTEGER REFERENCES ORDERS (id);",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, o REFERENCES orders, c REFERENCES customers (id));",
        "CREATE TABLE customers (c TEXT);\nCREATE TABLE items (c TEXT REFERENCES customers (c));",
    ],
)
def test_a_foreign_key_that_fits_in_the_end_is_made(tmp_path: Path, text: str) -> None:
    made = schema(address(tmp_path), tmp_path, {**SHOP, "2.sql": text})
    for migration in "12":
        made.apply(migration)
    old_writes(tmp_path)


def test_tables_are_made_in_any_order_of_their_keys(tmp_path: Path) -> None:
    """Nobody who serves writes to a table that is new, and the last migration makes it fit."""
    files = {
        **SHOP,
        "2.sql": "CREATE TABLE items (o INTEGER REFERENCES orders, c INTEGER REFERENCES customers (id));",
        "3.sql": "CREATE TABLE customers (id INTEGER PRIMARY KEY);",
    }
    made = schema(address(tmp_path), tmp_path, files)
    for migration in "123":
        made.apply(migration)
        old_writes(tmp_path)
    with opened(tmp_path) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("INSERT INTO items VALUES (NULL, NULL)")


def test_epochs_of_another_keeper_mean_nothing_here(tmp_path: Path) -> None:
    """As where the state folder was lost, or another machine serves from the same database."""
    first = schema(address(tmp_path), tmp_path, THREE, epoch=400)
    assert not first.shared()
    first.apply(IDS[0])
    assert not first.shared()
    second = schema(address(tmp_path), tmp_path, THREE, epoch=1, keeper="another")
    assert second.shared()
    second.apply(IDS[1])
    first.apply(IDS[2])
    assert first.shared()


def test_what_is_adopted_was_somebody_elses(tmp_path: Path) -> None:
    made = schema(address(tmp_path), tmp_path, THREE)
    made.adopt(IDS[0])
    assert [row.adopted for row in made.rows()] == [True]
    assert made.shared()
