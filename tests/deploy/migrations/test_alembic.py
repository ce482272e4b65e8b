"""Alembic, rendered offline: the example's own revisions, and revisions that cannot be rendered."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from migrations.conftest import Database
from migrations.making import RealClock
from readiness_deploy.migrations import BadMigrations, Kind, Migration, ids, open_schema, read
from readiness_deploy.ports import Unfit

from readiness.config.deploy import AlembicSettings, MigrationSettings

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments"
RENDER = ["{python}", "-m", "alembic", "-c", "alembic.ini", "upgrade", "{from}:{to}", "--sql"]
WHOSE: dict[str, Any] = {"keeper": "k", "epoch": lambda: 1, "run": "r", "clock": RealClock()}
URLS = {"postgres": "postgresql://nobody@localhost/none", "sqlite": "sqlite:////nowhere/none.db"}


def settings(versions: str = "src/payments/migrations/versions", **changes: Any) -> MigrationSettings:
    return MigrationSettings(
        database="-", alembic=AlembicSettings(render=RENDER, versions=versions), lock_timeout=0.3, **changes
    )


def example(dialect: Any) -> tuple[Migration, ...]:
    return read(EXAMPLE, settings(), dialect, environment={"DATABASE_URL": URLS[dialect]})


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_the_example_is_rendered_and_expands(dialect: str) -> None:
    found = example(dialect)
    assert [(m.id, m.kind) for m in found] == [("0001", Kind.EXPAND), ("0002", Kind.EXPAND)]
    assert [s.text for s in found[1].statements] == [
        "ALTER TABLE payments ADD COLUMN reference VARCHAR(140)",
        "UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001'",
    ]
    assert ids(EXAMPLE, settings()) == ("0001", "0002")


def test_the_example_in_sqlite_sees_its_revision(tmp_path: Path) -> None:
    found = example("sqlite")
    made = open_schema(f"sqlite:///{tmp_path}/a.db", found, settings(), **WHOSE)
    made.apply("0001")
    made.apply("0002")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]
        assert connection.execute("SELECT reference FROM payments").fetchall() == []


@pytest.mark.needs("postgresql")
def test_the_example_in_postgresql_sees_its_revision(database: Database) -> None:
    found = example("postgres")
    made = open_schema(database.address, found, settings(), **WHOSE)
    made.apply("0001")
    assert database.ask("SELECT version_num FROM alembic_version") == [("0001",)]
    made.apply("0002")
    made.apply("0002")
    assert database.ask("SELECT version_num FROM alembic_version") == [("0002",)]


@pytest.mark.needs("postgresql")
def test_a_database_at_another_revision_is_left_alone(database: Database) -> None:
    """Offline SQL says `WHERE version_num = …` and would change nothing, in silence."""
    made = open_schema(database.address, example("postgres"), settings(), **WHOSE)
    made.apply("0001")
    database.ask("UPDATE alembic_version SET version_num = '0815'")
    with pytest.raises(Unfit, match="alembic_version does not hold the revision before"):
        made.apply("0002")
    columns = database.ask("SELECT attname FROM pg_attribute WHERE attrelid = 'payments'::regclass AND attnum > 0")
    assert ("reference",) not in columns


def test_what_is_applied_is_not_rendered_again() -> None:
    found = read(EXAMPLE, settings(), "postgres", environment={}, known=["0001", "0002"])
    assert [(m.id, m.read, m.statements) for m in found] == [("0001", False, ()), ("0002", False, ())]
    assert [m.checksum for m in found] == [m.checksum for m in example("postgres")]


def revision(name: str, after: str | None, body: str = "pass", more: str = "") -> str:
    return (
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = {name!r}\ndown_revision = {after!r}\n{more}\n"
        f"def upgrade() -> None:\n    {body}\n"
    )


def project(root: Path, revisions: Mapping[str, str], more: str = "") -> Path:
    (root / "versions").mkdir()
    for name, text in revisions.items():
        (root / "versions" / name).write_text(text)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    (root / "env.py").write_text(
        f"from alembic import context\ncontext.configure(dialect_name='postgresql', transactional_ddl=True{more})\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    (root / "script.py.mako").write_text("")
    return root


@pytest.mark.parametrize(
    ("revisions", "words"),
    [
        ({"a.py": revision("a", None), "b.py": revision("b", "a"), "c.py": revision("c", "a")}, "two heads"),
        ({"a.py": revision("a", None), "b.py": revision("b", "x")}, "b.py:1: revision b does not descend"),
        ({"a.py": revision("a", None), "b.py": revision("a", "a")}, "a.py is revision a too"),
        ({"a.py": revision("a", None).replace("None\n", "('x', 'y')\n")}, "a.py:1: .*merge"),
        ({"a.py": "def ("}, "a.py:1: it is no Python"),
        (
            {"a.py": revision("a", None, "op.get_bind().execute(sa.text('DELETE FROM t'))")},
            r"a.py:7: it asks for a connection",
        ),
        ({"a.py": revision("a", None, "raise ValueError('odd one')")}, r"a.py:1: .*odd one"),
    ],
)
def test_what_cannot_be_rendered_is_refused(tmp_path: Path, revisions: dict[str, str], words: str) -> None:
    root = project(tmp_path, revisions)
    with pytest.raises(BadMigrations, match=words):
        read(root, settings("versions"), "postgres")


@pytest.mark.parametrize(
    "asking",
    [
        "if op.get_bind(): pass",
        "from alembic.op import get_bind as bind; bind()",
        "from alembic.context import is_offline_mode",
        "getattr(op, 'get_bind')()",
        "op.get_context().as_sql",
        "op.get_context().bind",
        "op.run_async(print)",
    ],
)
def test_a_connection_is_asked_for_in_many_words(tmp_path: Path, asking: str) -> None:
    root = project(tmp_path, {"a.py": revision("a", None, asking)})
    with pytest.raises(BadMigrations, match=r"versions/a.py:7: it asks for a connection"):
        read(root, settings("versions"), "postgres")


HELPER = "from alembic import context, op\n\ndef add() -> None:\n    if context.is_offline_mode():\n        return\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("helper.py", "import helper"),
        ("helper.py", "from helper import add"),
        ("versions/helper.py", "import helper as h"),
        ("src/shop/helping/helper.py", "from shop.helping import helper"),
        ("src/shop/helping/__init__.py", "from shop.helping import add"),
        ("backend/helper.py", "import helper"),
        ("helper.py", "import between"),
    ],
)
def test_what_a_revision_imports_from_its_release_is_looked_at_too(tmp_path: Path, path: str, words: str) -> None:
    root = project(tmp_path, {"a.py": revision("a", None, more=words)})
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(HELPER)
    (root / "between.py").write_text(
        "from helper import add\nimport between, nowhere, json\nfrom ........... import x\n"
    )
    with pytest.raises(BadMigrations, match=rf"versions/a.py:1: {path}:4 asks for a connection"):
        read(root, settings("versions"), "postgres")


def test_what_is_imported_and_asks_for_nothing_is_nobodys_fault(tmp_path: Path) -> None:
    root = project(
        tmp_path, {"a.py": revision("a", None, "helper.add()", "import sys; sys.path.append('.'); import helper")}
    )
    (root / "helper.py").write_text("from alembic import op\nconnection = 1\ndef add(): op.execute('DROP TABLE t')\n")
    (found,) = read(root, settings("versions"), "postgres")
    assert found.kind is Kind.CONTRACT


@pytest.mark.parametrize(
    ("more", "table"),
    [
        (", version_table_schema='my-shop'", '"my-shop".alembic_version'),
        (", version_table='Shop Version', version_table_pk=False", '"Shop Version"'),
    ],
)
def test_the_account_of_alembic_may_have_another_name(tmp_path: Path, more: str, table: str) -> None:
    root = project(tmp_path, {"a.py": revision("a", None), "b.py": revision("b", "a")}, more)
    first, second = read(root, settings("versions"), "postgres")
    assert [(s.bookkeeping, s.text.split(" (")[0]) for s in first.statements] == [
        (True, f"CREATE TABLE {table}"), (True, f"INSERT INTO {table}"),
    ]  # fmt: skip
    assert [s.text for s in second.statements if s.bookkeeping] == [
        f"UPDATE {table} SET version_num='b' WHERE {table}.version_num = 'a'"  # noqa: S608
    ]
    assert (first.kind, second.kind) == (Kind.EXPAND, Kind.EXPAND)


def test_what_only_looks_like_the_account_of_alembic_is_judged(tmp_path: Path) -> None:
    texts = [
        "INSERT INTO alembic_version SELECT purge()",
        "INSERT INTO alembic_version (version_num) VALUES (purge())",
        "UPDATE alembic_version SET version_num = setval('turns', 1)",
        "UPDATE alembic_version SET version_num='b' WHERE alembic_version.version_num = 'a' OR purge() > 0",
        "WITH d AS (SELECT purge()) UPDATE alembic_version SET version_num='b'",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) DEFAULT purge())",
    ]
    body = f"for text in {texts!r}: op.execute(text)"
    root = project(tmp_path, {"a.py": revision("a", None), "b.py": revision("b", "a", body)})
    (found,) = (m for m in read(root, settings("versions"), "postgres", known=["a"]) if m.read)
    assert [s.text for s in found.statements[:-1]] == texts
    assert [s.bookkeeping for s in found.statements] == [False] * 6 + [True]
    assert all(s.judgement.kind is not Kind.EXPAND for s in found.statements[:-1])


def test_a_rendering_of_another_revision_is_noticed(tmp_path: Path) -> None:
    root = project(tmp_path, {"a.py": revision("a", None), "b.py": revision("b", "a")})
    wrong = settings("versions", declared={})
    assert wrong.alembic is not None
    command = [*RENDER[:-2], "a:b", "--sql"]
    wrong = wrong.model_copy(update={"alembic": wrong.alembic.model_copy(update={"render": command})})
    with pytest.raises(BadMigrations, match=r"a.py:1: it was rendered without a change of Alembic's own table to a"):
        read(root, wrong, "postgres")


def test_a_secret_in_the_words_of_a_revision_is_not_repeated(tmp_path: Path) -> None:
    body = "import os; raise ValueError(os.environ['DATABASE_URL'])"
    root = project(tmp_path, {"a.py": revision("a", None, body)})
    with pytest.raises(BadMigrations) as fault:
        read(root, settings("versions"), "postgres", environment={"DATABASE_URL": "postgresql://me:hunter22@h/d"})
    assert "hunter22" not in str(fault.value)


@pytest.mark.needs("postgresql")
def test_an_index_beside_the_work_goes_outside_of_the_transaction(database: Database, tmp_path: Path) -> None:
    beside = (
        "with op.get_context().autocommit_block():\n"
        "        op.create_index('i', 't', ['x'], postgresql_concurrently=True)"
    )
    root = project(
        tmp_path,
        {
            "a.py": revision("a", None, "op.create_table('t', sa.Column('x', sa.Integer))"),
            "b.py": revision("b", "a", beside, "# precondition: SELECT count(*) = 0 FROM t"),
        },
    )
    found = read(root, settings("versions"), "postgres")
    assert [m.kind for m in found] == [Kind.EXPAND, Kind.EXPAND]
    made = open_schema(database.address, found, settings(), **WHOSE)
    made.apply("a")
    made.apply("b")
    assert database.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]
    assert database.ask("SELECT version_num FROM alembic_version") == [("b",)]
