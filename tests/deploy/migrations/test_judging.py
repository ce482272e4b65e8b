"""The kinds of statements, by two lists with their expectations beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from migrations.making import THREE, schema
from readiness_deploy.migrations import judging
from readiness_deploy.migrations.judging import Judge
from readiness_deploy.migrations.judging_names import STABLE, VOLATILE
from readiness_deploy.migrations.model import Dialect, Judgement, Kind, Statement
from readiness_deploy.migrations.statements import Uncut, cut

HERE = Path(__file__).parent
EXPECTED = re.compile(r"-- (expand|data|contract|refused)(?:: (.*))?")


def listed(dialect: Dialect) -> Iterator[tuple[str, str, str, Judgement]]:
    """Each statement of the list with the kind and the words that are expected, and what was judged."""
    for block in re.split(r"^---$", (HERE / f"kinds.{dialect}.sql").read_text(), flags=re.M):
        judge = Judge(dialect)
        lines = block.splitlines()
        for piece in cut(block, dialect):
            expected = EXPECTED.fullmatch(lines[piece.line - 2])
            assert expected, f"no expectation before {piece.text!r}"
            yield piece.text, expected[1], expected[2] or "", judge.judge(piece)[0]


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_each_statement_of_the_list_is_of_its_kind(dialect: Dialect) -> None:
    wrong = []
    for text, kind, words, judged in listed(dialect):
        types = ["no domain:", *judged.types] if judged.types else []
        said = " ".join([judged.why, judged.todo, *judged.warnings, *types])
        if judged.kind != kind or words not in said or (judged.kind is Kind.REFUSED and not judged.todo):
            wrong.append(f"{text}: wanted {kind} ({words}), found {judged.kind} ({said})")
    assert not wrong, "\n".join(wrong)


def test_the_list_is_long_enough_to_mean_something() -> None:
    assert len(list(listed("postgres"))) >= 80


def test_what_changes_an_expectation_is_noticed() -> None:
    """The list itself can fail: each kind is there, and none of them is judged to be another."""
    assert {kind for _, kind, _, _ in listed("postgres")} == {str(k) for k in Kind}


def test_semicolons_inside_cut_nothing() -> None:
    text = "-- a; b\nINSERT INTO t VALUES ('a;b', \"c;d\"); /* e; */\n\nDO $x$ BEGIN f(); END $x$;\n;;-- end\n"
    found = [(p.line, p.text) for p in cut(text, "postgres")]
    assert found == [(2, "INSERT INTO t VALUES ('a;b', \"c;d\")"), (4, "DO $x$ BEGIN f(); END $x$")]


def test_a_trigger_of_sqlite_is_one_statement() -> None:
    body = "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE u SET a = 1; DELETE FROM v; END"
    assert [p.text for p in cut(f"{body};\nDROP TABLE t", "sqlite")] == [body, "DROP TABLE t"]


def test_an_open_quotation_is_named_with_its_line() -> None:
    with pytest.raises(Uncut) as fault:
        list(cut("CREATE TABLE t (a int);\nINSERT INTO t VALUES ('open);\n", "postgres"))
    assert fault.value.line == 2


def judged(text: str, dialect: Dialect = "postgres") -> Judgement:
    """What is said of the last statement of one migration."""
    judge = Judge(dialect)
    return [judge.judge(piece)[0] for piece in cut(text, dialect)][-1]


# Forms of a new column, after `ALTER TABLE old ADD COLUMN n`. What the server writes anew may never pass.
FORMS = [
    "int", "int NOT NULL DEFAULT 1", "int DEFAULT NULL", "int DEFAULT (1 + 1)", "regclass", "oid", "ruled[]",
    "timestamp DEFAULT timezone('utc', now())", "timestamp DEFAULT (now() AT TIME ZONE 'utc')",
    "date DEFAULT CURRENT_DATE + 1", "text DEFAULT lower('A') || 'b'", "text DEFAULT CURRENT_USER",
    "timestamptz DEFAULT statement_timestamp()",
    "jsonb NOT NULL DEFAULT jsonb_build_object('a', 1)", "double precision DEFAULT extract(epoch FROM now())",
    "text[] DEFAULT ARRAY[]::text[]", "tsvector DEFAULT to_tsvector('a')", "numeric(4, 1) DEFAULT -1",
    "interval DEFAULT '1 day'",
    "varbit(3) DEFAULT B'101'", "pg_catalog.int4", "timestamp(3) with time zone", "text COLLATE \"C\" DEFAULT 'x'",
    "mood", "mood NOT NULL DEFAULT 'ok'::mood", "evil.\"Mood\"", "pair",
    "ruled ARRAY", "evil.mood ARRAY[3]", '"Text"[]',
    '"text"', '"name" COLLATE "C"', "double\nprecision", '"int4"',
]  # fmt: skip
ANEW = [
    "serial", "serial2", "SERIAL4", "serial8", "bigserial", "smallserial", "ruled", "never_null DEFAULT 1",
    "information_schema.cardinal_number", "string", "timestamptz DEFAULT clock_timestamp()", "text DEFAULT timeofday()",
    "uuid DEFAULT gen_random_uuid()", "text DEFAULT md5(random()::text)", "bigint DEFAULT nextval('turns')",
    "int GENERATED ALWAYS AS IDENTITY", "int GENERATED ALWAYS AS (id * 2) STORED", "int DEFAULT (1 + random())",
    "evil.mood", '"Text"', '"Money" DEFAULT 1', "double", "int DEFAULT evil.lower('A')", "int DEFAULT \"Lower\"('A')",
]  # fmt: skip


@pytest.mark.needs("postgresql")
def test_the_server_writes_anew_what_is_said_to_be_and_nothing_that_passes(database: Any, tmp_path: Path) -> None:
    database.ask(
        "CREATE DOMAIN ruled AS int CHECK (value > 0); CREATE DOMAIN never_null AS int NOT NULL; CREATE SCHEMA evil; "
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE evil.\"Mood\" AS ENUM ('ok'); CREATE TYPE pair AS (a ruled); "
        "CREATE DOMAIN evil.mood AS int CHECK (value > 0); "
        'CREATE DOMAIN "Text" AS text CHECK (value <> \'\'); CREATE DOMAIN "Money" AS int NOT NULL; '
        "CREATE DOMAIN double AS float8 CHECK (value > 0); "
        "CREATE DOMAIN string AS text CHECK (value <> 'x'); CREATE SEQUENCE turns; "
        "CREATE FUNCTION evil.lower(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; "
        "CREATE FUNCTION \"Lower\"(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'"
    )
    wrong, asked = [], schema(database.address, tmp_path, THREE)
    for form, anew in [*((f, False) for f in FORMS), *((f, True) for f in ANEW)]:
        database.ask("DROP TABLE IF EXISTS old; CREATE TABLE old (id int); INSERT INTO old VALUES (1)")
        before = database.ask("SELECT pg_relation_filenode('old')")
        text = f"ALTER TABLE old ADD COLUMN n {form}"
        database.ask(text)
        wrote = before != database.ask("SELECT pg_relation_filenode('old')")
        judgement = judged(text)
        refused = judgement.kind is Kind.REFUSED or bool(asked.domains(judgement.types))
        if not wrote == refused == anew or not (refused or judgement.kind is Kind.EXPAND):
            wrong.append(f"{form}: wanted {anew}, found {wrote}, refused {refused}, judged {judgement.kind}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("dialect", "index", "warned"),
    [
        ("postgres", "CONCURRENTLY i ON users (((data ->> 'n')::int))", True),
        ("postgres", "CONCURRENTLY i ON users (a) WHERE (data ->> 'n')::int > 1", True),
        ("postgres", "CONCURRENTLY i ON users ((a + b))", True),
        ("postgres", "CONCURRENTLY i ON users USING gin (to_tsvector('english', note))", True),
        (
            "postgres",
            "CONCURRENTLY i ON users (lower(a) DESC, (data ->> 'n')) WHERE status = 'x'::text AND b > 1",
            False,
        ),
        ("sqlite", "i ON notes (json_extract(text, '$.x'))", True),
        ("sqlite", "i ON notes (text ->> '$.x')", True),
        ("sqlite", "i ON notes (lower(text), CAST(n AS INTEGER))", False),
    ],
)
def test_an_index_on_what_can_fail_is_warned_of(dialect: Dialect, index: str, warned: bool) -> None:
    """The version that serves writes rows that the index cannot take, and its writes fail."""
    found = judged(f"CREATE INDEX {index}", dialect)
    assert (found.kind, "expression fails" in " ".join(found.warnings)) == (Kind.EXPAND, warned)


@pytest.mark.needs("postgresql")
def test_functions_are_as_steady_as_they_are_said_to_be(database: Any) -> None:
    found = database.ask("SELECT DISTINCT proname, provolatile::text FROM pg_proc WHERE pronamespace = 11")
    volatile = {name for name, how in found if how == "v"}
    assert not volatile & STABLE
    assert {name for name, _ in found} & VOLATILE <= volatile


def test_a_fault_in_a_tree_is_a_refusal_and_a_fault_elsewhere_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fault: Exception) -> None:
        def alter(*_: object, **__: object) -> Judgement:
            raise fault

        monkeypatch.setattr(judging.judging_tables, "alter", alter)

    broken(AttributeError("'str' object has no attribute 'name'"))
    said = judged("ALTER TABLE a ADD COLUMN b int")
    assert (said.kind, said.why) == (
        Kind.REFUSED,
        "it is not understood (AttributeError: 'str' object has no attribute 'name')",
    )
    broken(NameError("alter"))
    with pytest.raises(NameError):
        judged("ALTER TABLE a ADD COLUMN b int")


def test_what_is_nested_without_end_is_refused() -> None:
    assert judged("INSERT INTO t VALUES (" + "(" * 3000 + "1" + ")" * 3000 + ")").kind is Kind.REFUSED
    assert judged("UPDATE t SET a = " + "NOT " * 5000 + "true").kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD '…'"),
        (
            "CREATE USER a WITH\n  ENCRYPTED password E'hun\\'ter2' LOGIN",
            "CREATE USER a WITH ENCRYPTED password '…' LOGIN",
        ),
        ("ALTER ROLE a PASSWORD $x$hun'ter2$x$", "ALTER ROLE a PASSWORD '…'"),
        ("ALTER ROLE a PASSWORD 'hun''ter2'", "ALTER ROLE a PASSWORD '…''…'"),
        ("ALTER ROLE a -- don't\n PASSWORD /* 'hunter2 */ 'hunter2'", "ALTER ROLE a PASSWORD '…'"),
        ("ALTER ROLE \"it's\" PASSWORD 'hunter2'", "ALTER ROLE \"it's\" PASSWORD '…'"),
        ("ALTER ROLE a PASSWORD 'hunter2", "ALTER ROLE a PASSWORD '…'"),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2'", "CREATE SUBSCRIPTION s CONNECTION '…'"),
        ("SELECT dblink_connect('postgresql://me:hunter2@h')", "SELECT dblink_connect('…')"),
        ("INSERT INTO notes VALUES ('hunter')", "INSERT INTO notes VALUES ('hunter')"),
    ],
)
def test_a_secret_in_a_statement_is_not_shown(text: str, shown: str) -> None:
    assert Statement(text=text, file="1.sql", line=1, judgement=Judgement(kind=Kind.EXPAND)).brief == shown
