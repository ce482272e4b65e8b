"""What the tests of migrations make: folders of SQL, settings, a clock, schemas."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness_deploy.migrations import Ledgered, Migration, dialect_of, open_schema, read
from readiness_deploy.migrations.address import parse
from readiness_deploy.migrations.delivery import Delivery
from readiness_deploy.migrations.postgres import PostgresSchema

from readiness.config.deploy import MigrationSettings

# The second one tells how often it took effect: each of its statements leaves a line, and no key forbids another.
THREE = {
    "0001_first.sql": "CREATE TABLE tally (step text NOT NULL);\nINSERT INTO tally VALUES ('first');\n",
    "0002_second.sql": (
        "ALTER TABLE tally ADD COLUMN note text;\nINSERT INTO tally VALUES ('second', 'a');\n"
        "CREATE TABLE other (id integer PRIMARY KEY);\nINSERT INTO tally VALUES ('second', 'b');\n"
    ),
    "0003_third.sql": "INSERT INTO tally (step) VALUES ('third');\n",
}
IDS = tuple(name.removesuffix(".sql") for name in THREE)


class RealClock:
    """Time as it is."""

    def now(self) -> float:
        return time.monotonic()

    def stamp(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def written(root: Path, files: dict[str, str], under: str = "sql") -> Path:
    """A release's folder with these files in its folder of SQL; what was there before is gone."""
    folder = root / under
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return root


def settings(**changes: Any) -> MigrationSettings:
    given = {"database": "-", "sql": "sql", "lock_timeout": 0.3, "statement_timeout": 5.0, "attempts": 5, **changes}
    return MigrationSettings(**given)


def migrations(root: Path, files: dict[str, str], address: str, **changes: Any) -> tuple[Migration, ...]:
    return read(written(root, files), settings(**changes), dialect_of(address))


def schema(
    address: str,
    root: Path,
    files: dict[str, str],
    *,
    epoch: int = 1,
    patience: float = 0.0,
    run: str = "run-1",
    keeper: str = "k",
    stopped: Callable[[], str] = lambda: "",
    **changes: Any,
) -> Ledgered:
    """A schema for these files. `patience` is that of a PostgreSQL alone."""
    found = migrations(root, files, address, **changes)
    made = settings(**changes)
    if patience:
        delivery = Delivery(
            migrations=found, settings=made, keeper=keeper, epoch=lambda: epoch, run=run, clock=RealClock(),
            stopped=stopped,
        )  # fmt: skip
        return PostgresSchema(parse(address), delivery, patience=patience)
    return open_schema(
        address, found, made, keeper=keeper, epoch=lambda: epoch, run=run, clock=RealClock(), stopped=stopped
    )
