"""From settings to a schema: which database it is decides who speaks with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readiness.config.deploy import MigrationSettings
from readiness_deploy.migrations import address as addresses
from readiness_deploy.migrations.contracting import Ledgered
from readiness_deploy.migrations.delivery import Delivery
from readiness_deploy.migrations.model import Dialect, Migration
from readiness_deploy.migrations.postgres import PostgresSchema
from readiness_deploy.migrations.sqlite import SqliteSchema
from readiness_deploy.ports import Clock


def dialect_of(address: str) -> Dialect:
    """The dialect of the database at this address. Raises Unfit, never with the address itself."""
    return addresses.parse(address).dialect


def open_schema(
    address: str,
    migrations: Sequence[Migration],
    settings: MigrationSettings,
    *,
    keeper: str,
    epoch: Callable[[], int],
    run: str,
    clock: Clock,
    stopped: Callable[[], str] = lambda: "",
) -> Ledgered:
    """The schema at an address, for the migrations of one release. Connects to nothing yet. Raises Unfit."""
    where = addresses.parse(address)
    made = PostgresSchema if where.dialect == "postgres" else SqliteSchema
    return made(
        where,
        Delivery(
            migrations=tuple(migrations),
            settings=settings,
            keeper=keeper,
            epoch=epoch,
            run=run,
            clock=clock,
            stopped=stopped,
        ),
    )
