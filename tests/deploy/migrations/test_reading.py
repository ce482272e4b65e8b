"""Folders of SQL as people leave them: what is read, and what is said about the rest, with file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from migrations.making import IDS, THREE, settings, written
from readiness_deploy.migrations import BadMigrations, Kind, ids, read
from readiness_deploy.migrations.address import parse
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
        ("sqlite:///app.db", "depends on where a process was started"),
        ("sqlite://", "in memory"),
        ("postgresql://me:hunter22@host:port/db", "cannot be read"),
    ],
)
def test_an_address_of_another_form_is_refused_without_telling_it(text: str, words: str) -> None:
    with pytest.raises(Unfit, match=words) as fault:
        parse(text)
    assert "hunter22" not in str(fault.value)


def test_an_address_shows_no_secret() -> None:
    where = parse("postgresql+psycopg://me:hunt%40er22@host:5433/db?sslpassword=sesame99")
    assert where.shown == "postgresql://host:5433/db"
    assert where.text.startswith("postgresql://me:")
    assert "er22" not in repr(where)
    assert "sesame99" not in repr(where)
    assert where.redact("x hunt@er22 y hunt%40er22 z sesame99").count("<password") == 3
