"""A server for all tests of a process that want one, and a new database for each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Database:
    """One database of the server of this test process."""

    server: Any
    name: str

    @property
    def address(self) -> str:
        return str(self.server.address(self.name))

    def ask(self, sql: str) -> list[Any]:
        return list(self.server.ask(self.name, sql))

    def until(self, sql: str, running: Future[Any]) -> None:
        """Until this query gives a row. What runs meanwhile must not end before."""
        while not self.ask(sql):
            assert not running.done(), running.exception()


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    import postgres

    with postgres.server() as running:
        yield running


@pytest.fixture
def database(server: Any) -> Database:
    """A schema that looks like a database of its own."""
    return Database(server, server.schema())


@pytest.fixture
def own(server: Any) -> Database:
    """A database of its own, for settings that are those of a database."""
    return Database(server, server.database())
