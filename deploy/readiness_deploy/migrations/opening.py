"""From settings to a schema: which database it is decides who speaks with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readiness.config.deploy import MigrationSettings
from readiness_deploy.migrations import address as addresses
from readiness_deploy.migrations.contracting import Ledgered
from readiness_deploy.migrations.model import Dialect, Migration, Row
from readiness_deploy.migrations.postgres import PostgresSchema
from readiness_deploy.migrations.sqlite import SqliteSchema
from readiness_deploy.ports import Clock, SchemaView, Unfit


class NoSchema:
    """The schema of a service without a database."""

    def observe(self) -> SchemaView:
        """Nothing is applied."""
        return SchemaView()

    def rows(self) -> tuple[Row, ...]:
        """There is no ledger."""
        return ()

    def claim(self) -> None:
        """There is nobody to tell."""

    def apply(self, migration: str) -> None:
        """There is nothing to apply to."""
        raise Unfit(f"migration {migration}: this service has no database in its settings (`deploy.migrations`)")

    def adopt(self, upto: str) -> None:
        """There is nothing to adopt."""
        self.apply(upto)


def dialect_of(address: str) -> Dialect:
    """The dialect of the database at this address. Raises Unfit, never with the address itself."""
    return addresses.parse(address).dialect


def open_schema(
    address: str,
    migrations: Sequence[Migration],
    settings: MigrationSettings,
    *,
    epoch: Callable[[], int],
    run: str,
    clock: Clock,
    stopped: Callable[[], str] = lambda: "",
) -> Ledgered:
    """The schema at an address, for the migrations of one release. Connects to nothing yet. Raises Unfit."""
    where = addresses.parse(address)
    made = PostgresSchema if where.dialect == "postgres" else SqliteSchema
    return made(where, migrations, settings, epoch=epoch, run=run, clock=clock, stopped=stopped)
