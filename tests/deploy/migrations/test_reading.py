"""Folders of SQL as people leave them: what is read, and what is said about the rest, with file and line."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from migrations.making import IDS, THREE, settings, written
from readiness_deploy.migrations import BadMigrations, Dialect, Kind, Row, ids, plan, read
from readiness_deploy.migrations.address import parse
from readiness_deploy.migrations.sqlfolder import checksum, judged, preconditions
from readiness_deploy.migrations.statements import cut
from readiness_deploy.ports import Unfit


def faults(root: Path, files: dict[str, str | bytes], **changes: Any) -> str:
    folder = root / "sql"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadMigrations) as fault:
        read(root, settings(**changes), "postgres")
    return str(fault.value)


def test_in_the_order_of_their_names_with_a_kind_each(tmp_path: Path) -> None:
    root = written(tmp_path, {**THREE, "0004_gone.sql": "DROP TABLE tally", "notes.md": "why", ".hidden": ""})
    found = read(root, settings(), "postgres")
    assert [m.id for m in found] == [*IDS, "0004_gone"] == list(ids(root, settings()))
    assert [m.kind for m in found] == [Kind.DATA, Kind.DATA, Kind.DATA, Kind.CONTRACT]
    assert [s.place for s in found[1].statements] == [f"sql/0002_second.sql:{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"1.sql": b"SELECT 1;\n-- caf\xe9"}, r"sql/1.sql:2: wanted UTF-8, found the byte 0xe9"),
        ({"1.sql": "\ufeffCREATE TABLE a (b int)"}, r"sql/1.sql:1: .*byte order mark"),
        ({"1.sql": "\n\0"}, r"sql/1.sql:2: .*zero byte"),
        ({"1.sql": "-- nothing\n"}, r"sql/1.sql:1: wanted statements, found none"),
        ({"1.sql": "\nINSERT INTO a VALUES ('x)"}, r"sql/1.sql:2: .*can be cut into statements"),
        ({"1_a.sql": "DROP TABLE a", "1_b.sql": "DROP TABLE b"}, r"sql/1_b.sql: 1_a.sql has the number 1 too"),
        ({"2_a.sql": "DROP TABLE a", "10_b.sql": "DROP TABLE b"}, r"sql/2_a.sql|zeros before them"),
        ({"a.sql": "DROP TABLE a", "A.sql": "DROP TABLE b"}, r"differs from it in capitals only"),
        ({"1.sql": "DROP TABLE a", "1.down.sql": "DROP TABLE b"}, r"sql/1.down.sql: it undoes a migration"),
        ({"1.sql": "DROP TABLE a", "1.sql.bak": "DROP TABLE b"}, r"sql/1.sql.bak: wanted files that end in .sql"),
        (
            {"1.sql": "CREATE INDEX CONCURRENTLY i ON t (a);\nCREATE TABLE b (c int);"},
            r"sql/1.sql:1: it cannot run in a transaction, and sql/1.sql:2 must",
        ),
        ({"1.sql": "DROP TABLE a;\n-- precondition: DELETE FROM a"}, r"sql/1.sql:2: wanted `precondition: SELECT"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, files: dict[str, Any], words: str) -> None:
    assert re.search(words, faults(tmp_path, files))


@pytest.mark.parametrize(
    "comment",
    [
        "-- precondition: {}",
        "--precondition:{};\r",
        "-- Precondition: {}",
        "-- PRECONDITION : {} ;",
        "  --- precondition: {}",
        "/* precondition: {} */",
        "/*\n * precondition: {}\n */",
        "/** precondition: {}; */",
        "# precondition: {}",
        "-- why\n\t-- precondition: {}",
        "DROP TABLE b; -- precondition: {}",
        "/* why\n   precondition: {}\n*/",
        '"""Why.\n\nprecondition: {}\n"""',
        "'''Why.\n\n    Precondition: {};\n\n    And more.\n'''",
    ],
)
def test_a_precondition_in_any_comment_is_read(comment: str) -> None:
    query = "SELECT count(*) = 1 FROM a"
    told: list[str] = []
    found = preconditions(f"\n{comment.format(query)}\nDROP TABLE a;\n", "1.sql", told)
    assert ([p.text for p in found], told) == ([query], [])
    line = 2 + comment[: comment.lower().index("precondition")].count("\n")
    assert found[0].place == f"1.sql:{line}"


@pytest.mark.parametrize(
    "comment",
    [
        "-- precondition SELECT true",
        "-- preconditions: SELECT true",
        "-- pre-condition: SELECT true",
        "-- precondition",
        "-- precondition:",
        "-- Precondition: the table is empty",
        "/* precondition: SELECT true",
        "/* precondition:\n SELECT true */",
        "/* precondition: SELECT /* really */ true */",
        "-- precondition: SELECTED",
        "/* precondition: SELECT count(*) = 1\n FROM a */",
    ],
)
def test_a_precondition_that_cannot_be_read_is_not_passed_over(comment: str) -> None:
    told: list[str] = []
    assert preconditions(f"\nDROP TABLE a; {comment}\n", "1.sql", told) == ()
    assert [t for t in told if t.startswith("1.sql:2: wanted `precondition: SELECT …` on one line, found ")]


def test_words_about_preconditions_are_words() -> None:
    told: list[str] = []
    text = "-- It has no precondition: none is needed\nINSERT INTO a VALUES ('precondition: x'); -- the preconditions\n"
    text += 100_000 * "-" + "\n" + 100_000 * "#"
    assert (preconditions(text, "1.sql", told), told) == ((), [])


def test_what_is_applied_is_not_judged_again(tmp_path: Path) -> None:
    root = written(tmp_path, {**THREE, "0002_second.sql": "nonsense of long ago, without an end: '"})
    found = read(root, settings(), "postgres", known=IDS[:2])
    assert [(m.id, m.read, len(m.statements)) for m in found] == [
        (IDS[0], False, 0),
        (IDS[1], False, 0),
        (IDS[2], True, 1),
    ]
    assert found[0].checksum == checksum(THREE["0001_first.sql"])
    row = Row(id=IDS[0], checksum=checksum("CREATE TABLE tally (step text);"), phase="expand")
    assert "was edited after it was applied" in plan([row], found, first=False).problems[0]


def test_many_rows_are_read_in_a_short_time() -> None:
    """Each line has its own judgement; a shape that was judged is not judged again until something else was."""
    shapes = ("INSERT INTO t VALUES ({}, 'a-{}', -{}.5, NULL);\n", "INSERT INTO t (a) VALUES (E'it''s {}');\n")
    text = "".join(shapes[n % 2].format(n, n, n) for n in range(6000))
    told: list[str] = []
    began = time.process_time()
    found = judged(text, "1.sql", "postgres", told)
    assert time.process_time() - began < 3
    assert ([s.line for s in found[:3]], len(found), told) == ([1, 2, 3], 6000, [])
    assert {s.judgement.kind for s in found} == {Kind.DATA}


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_lines_of_another_shape_are_judged_for_themselves(dialect: Dialect) -> None:
    lines = [
        "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (purge(1))", "INSERT INTO t VALUES (2)",
        "INSERT INTO t SELECT purge('2')", 'INSERT INTO "t" VALUES (3)', "INSERT INTO readiness_epoch VALUES (3)",
        "INSERT INTO t VALUES (4)", "DELETE FROM t WHERE a = 1", "INSERT INTO t VALUES (5)",
    ]  # fmt: skip
    one_by_one = [judged(line, "1.sql", dialect, [])[0].judgement for line in lines]
    together = [s.judgement for s in judged(";\n".join(lines), "1.sql", dialect, [])]
    assert together == one_by_one


def test_the_body_of_a_function_stays_whole() -> None:
    body = (
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int\nBEGIN ATOMIC\n  INSERT INTO t VALUES (CASE WHEN a > 1 THEN 1 "
        "ELSE 2 END);\n  SELECT 1 AS end; SELECT t.case FROM t;\n  SELECT a;\nEND"
    )
    found = list(cut(f"{body};\nDROP TABLE t; CREATE PROCEDURE p() BEGIN ATOMIC END; DROP TABLE u", "postgres"))
    assert [(p.line, p.text) for p in found] == [
        (1, body), (7, "DROP TABLE t"), (7, "CREATE PROCEDURE p() BEGIN ATOMIC END"), (7, "DROP TABLE u"),
    ]  # fmt: skip
    assert [p.text for p in cut("BEGIN; DROP TABLE t; END", "postgres")] == ["BEGIN", "DROP TABLE t", "END"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = faults(tmp_path, {"1.sql": "-- nothing", "2.sql": b"\xff", "3.txt.sql": "INSERT INTO a VALUES ('"})
    assert len(said.splitlines()) == 3


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadMigrations, match=r"sql: wanted a folder of SQL files, found none"):
        read(tmp_path, settings(), "postgres")


def test_a_person_may_answer_for_a_kind_but_not_for_a_frame(tmp_path: Path) -> None:
    root = written(tmp_path, {"1.sql": "GRANT SELECT ON a TO b;", "2.sql": "GRANT SELECT ON a TO b;\nCOMMIT;"})
    first, second = read(root, settings(declared={"1": "expand", "2": "expand"}), "postgres")
    assert (first.kind, first.refusals()) == (Kind.EXPAND, ())
    assert second.kind is Kind.REFUSED
    assert [r for r in second.refusals() if r.startswith("sql/2.sql:2: COMMIT:")]
    with pytest.raises(BadMigrations, match=r"declared: there is no migration 3; there are: 1, 2"):
        read(root, settings(declared={"3": "expand"}), "postgres")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://me:hunter22@host/db", "found mysql://"),
        ("hunter22", "no address"),
        ("user=me password=hunter22://", "no address"),
        ("sqlite:///app.db", "depends on where a process was started"),
        ("sqlite://", "in memory"),
        ("postgresql://me:hunter22@host:port/db", "cannot be read"),
        ("postgresql://me:1/hunter22@host/db", "cannot be read.*percent-encoded"),
        ("postgresql://me:1#hunter22@host/db", "cannot be read.*percent-encoded"),
        ("postgresql://me:1?hunter22@host/db", "cannot be read.*percent-encoded"),
        ("postgresql://me:p@hunter22@host/db", "cannot be read.*percent-encoded"),
        ("postgresql://me:hunter22@host/db?application_name=a@b", "cannot be read.*percent-encoded"),
        ("postgresql://me@host/db?password=a#hunter22", "cannot be read.*percent-encoded"),
        ("postgresql://me:hunter%2@host/db", "cannot be read.*percent-encoded"),
        ("postgresql://me:hunter22@h1:5432,h2:5432/db", "several hosts.*target_session_attrs=read-write"),
        ("postgresql://me:hunter22@h1,h2/db?target_session_attrs=any", "several hosts.*read-write"),
        ("postgresql://me:hunter22@/db?host=h1,h2", "several hosts.*read-write"),
    ],
)
def test_an_address_of_another_form_is_refused_without_telling_it(text: str, words: str) -> None:
    with pytest.raises(Unfit, match=words) as fault:
        parse(text)
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pw@h1:5432,h2/db?target_session_attrs=read-write", "postgresql://h1:5432,h2/db"),
        ("postgresql://me:pw@/db?host=h1%2Ch2&target_session_attrs=primary", "postgresql:///db"),
        ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db"),
        ("postgres://me:a:b!$&'()*+,;=[]@host", "postgresql://host"),
    ],
)
def test_an_address_that_psycopg_takes_is_shown_by_its_hosts(text: str, shown: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    where = parse(text)
    assert where.shown == shown
    assert conninfo_to_dict(where.text)


def test_an_address_shows_no_secret() -> None:
    where = parse("postgresql+psycopg://me:hunt%40er22@host:5433/db?ssl%70assword=sesame99")
    assert where.shown == "postgresql://host:5433/db"
    assert where.text.startswith("postgresql://me:")
    assert "er22" not in repr(where)
    assert "sesame99" not in repr(where)
    assert where.redact("x hunt@er22 y hunt%40er22 z sesame99").count("<password") == 3
