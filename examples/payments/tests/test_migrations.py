"""Migrations: they make what the code expects, they only expand, and running them again changes nothing."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from payments.database import open_engine
from payments.migrate import SCRIPTS, required_revision, revision_of, upgrade
from payments.schema import metadata
from payments.settings import Settings

ROOT = Path(__file__).parents[1]


def test_the_migrations_make_the_tables_of_the_code(settings: Settings) -> None:
    engine = open_engine(settings)
    assert upgrade(engine, settings).sufficient
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert upgrade(engine, settings).current == required_revision()
    engine.dispose()


def test_a_database_that_is_ahead_is_left_alone(settings: Settings) -> None:
    engine = open_engine(settings)
    upgrade(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    assert upgrade(engine, settings).current == "9000"
    engine.dispose()


def test_the_previous_version_can_write_on_the_new_schema(settings: Settings) -> None:
    engine = open_engine(settings)
    upgrade(engine, settings)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO payments"
                " (payment_id, order_id, idempotency_key, fingerprint, amount, currency, status, created_at)"
                " VALUES ('p', 'o', 'k', 'f', 1, 'EUR', 'accepted', '2026-01-01 00:00:00')"
            )
        )
    engine.dispose()


def test_revisions_are_numbers_in_a_row() -> None:
    revisions = sorted(script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions())
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]


def written_sql(span: str) -> str:
    """What Alembic would do, without a database to do it to."""
    written = io.StringIO()
    with redirect_stdout(written):
        command.upgrade(Config(str(ROOT / "alembic.ini"), output_buffer=written), span, sql=True)
    return written.getvalue()


@pytest.mark.parametrize("dialect", ["sqlite:///unused.db", "postgresql://u:p@127.0.0.1:1/none"])
def test_the_sql_can_be_written_without_a_database(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dialect)
    assert "CREATE TABLE payments" in written_sql("head")
    assert "ADD COLUMN reference" in written_sql("0001:head")


def test_migrations_after_the_first_only_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/none")
    for statement in written_sql("0001:head").split(";"):
        words = " ".join(line for line in statement.splitlines() if not line.startswith("--")).upper()
        assert not re.search(r"\b(DROP|RENAME|ALTER COLUMN|TRUNCATE|DELETE)\b", words), words
        # A column that must be filled would refuse the rows of the version that does not know it.
        assert "ADD COLUMN" not in words or "NOT NULL" not in words or "DEFAULT" in words, words


def migrate(**environment: str) -> subprocess.CompletedProcess[str]:
    command_line = [sys.executable, "-m", "payments", "migrate"]
    environment |= {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command_line, env=environment, check=False, text=True, capture_output=True, timeout=60)


def test_the_command_migrates(settings: Settings) -> None:
    done = migrate(DATABASE_URL=settings.database_url.render_as_string(hide_password=False))
    assert done.returncode == 0, done.stderr
    engine = open_engine(settings)
    with engine.connect() as connection:
        assert revision_of(connection, required_revision()).sufficient
    engine.dispose()


def test_the_command_fails_when_the_database_is_away() -> None:
    failed = migrate(DATABASE_URL="postgresql://u:s3cr3t@127.0.0.1:1/none", PAYMENT_RETRY_DELAY="0")
    assert failed.returncode == 1
    assert "not migrated" in failed.stdout
    assert "Traceback" not in failed.stderr
    assert "s3cr3t" not in failed.stdout + failed.stderr
