"""Alembic's entry: online for `payments migrate`, offline (`alembic upgrade head --sql`) for other tools."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import text

from payments.database import open_engine
from payments.schema import metadata
from payments.settings import Settings

# One number for "the migrations of payments", so that two jobs run one after the other.
ADVISORY_LOCK = 4_711_001


def _settings() -> Settings:
    given = context.config.attributes.get("settings")
    return given if isinstance(given, Settings) else Settings.from_environment(os.environ)


def run_offline(settings: Settings) -> None:
    """Writes the SQL for the dialect of the settings' URL to standard output."""
    dialect = settings.database_url.get_backend_name()
    context.configure(dialect_name=dialect, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online(settings: Settings) -> None:
    """Applies all pending migrations in one transaction; waiting a second for a table lock ends it."""
    engine = open_engine(settings)
    with engine.connect() as connection:
        connection.execution_options(sqlite_begin="IMMEDIATE")
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
                connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                connection.execute(text("SET LOCAL statement_timeout = '60s'"))
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline(_settings())
else:
    run_online(_settings())
