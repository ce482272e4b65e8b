"""Migrations: applied by the `payments migrate` command alone, asked about by the readiness probe.

Revisions are numbers with four digits, so that a version can see that the database is *ahead* of it: each
migration only expands the schema, and a version works on its own revision and on every later one. That is
what lets an old and a new version serve side by side during a release, and a release be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from payments.settings import Settings

SCRIPTS = Path(__file__).with_name("migrations")

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the database stands (`current`, None before the first migration) and what this version needs."""

    current: str | None
    required: str

    @property
    def sufficient(self) -> bool:
        """True when the database is at the required revision or, by numbers, beyond it."""
        if self.current is None:
            return False
        if self.current == self.required:
            return True
        return self.current.isdigit() and int(self.current) > int(self.required)


def required_revision() -> str:
    """The newest revision that this version brings."""
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    if head is None:
        raise RuntimeError(f"no migrations in {SCRIPTS}")
    return head


def revision_of(connection: Connection, required: str) -> Revision:
    """The database's revision, read without Alembic so that a probe costs one small query."""
    if not inspect(connection).has_table(_version.name):
        return Revision(None, required)
    return Revision(connection.execute(select(_version.c.version_num)).scalar_one_or_none(), required)


def upgrade(engine: Engine, settings: Settings) -> Revision:
    """Brings the database to the required revision, never back. A database that is ahead is left as it is."""
    required = required_revision()
    with engine.connect() as connection:
        before = revision_of(connection, required)
    if before.sufficient:
        return before
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["settings"] = settings
    command.upgrade(config, "head")
    with engine.connect() as connection:
        return revision_of(connection, required)
