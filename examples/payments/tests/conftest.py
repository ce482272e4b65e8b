"""Databases for the tests: SQLite always, PostgreSQL when there is one to be had."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from payments.app import create_app
from payments.database import open_engine
from payments.migrate import upgrade
from payments.settings import Settings, parse_database_url


@dataclass(frozen=True)
class PostgresServer:
    """A server of our own, which a test may stop and start."""

    url: URL
    command: tuple[str, ...]

    def start(self) -> None:
        subprocess.run([*self.command, "-w", "start"], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def stop(self) -> None:
        subprocess.run([*self.command, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL on 127.0.0.1; skips, and says why, where none can be started."""
    initdb, pg_ctl = _binary("initdb"), _binary("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("no PostgreSQL server binaries (Debian: apt-get install postgresql)")
    as_user: tuple[str, ...] = ()
    folder = tempfile.mkdtemp(prefix="payments-postgres-")
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("running as root, and there is no user 'postgres' to run PostgreSQL as")
        shutil.chown(folder, "postgres")
        as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    port = free_port()
    data = f"{folder}/data"
    subprocess.run(
        [*as_user, initdb, "-D", data, "-U", "tester", "-A", "trust", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    command = (*as_user, pg_ctl, "-D", data, "-l", f"{folder}/log", "-o", options)
    server = PostgresServer(URL.create("postgresql+psycopg", "tester", None, "127.0.0.1", port, "postgres"), command)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


def _new_database(admin_url: URL) -> Iterator[URL]:
    name = f"payments_{uuid.uuid4().hex}"
    admin = create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield admin_url.set(database=name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[URL]:
    """An empty PostgreSQL database: on the server of PAYMENTS_TEST_DATABASE_URL, or on one of our own."""
    given = os.environ.get("PAYMENTS_TEST_DATABASE_URL")
    admin = parse_database_url(given) if given else request.getfixturevalue("postgres_server").url
    yield from _new_database(admin)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> URL:
    return parse_database_url(f"sqlite:///{tmp_path}/payments.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> URL:
    """An empty database of each kind."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    assert isinstance(url, URL)
    return url


@pytest.fixture
def settings(database_url: URL) -> Settings:
    return Settings(database_url=database_url, environment="test", retry_delay=0, release="r-17", colour="blue")


@pytest.fixture
def make_app() -> Iterator[Callable[[Settings], Flask]]:
    """Makes applications, and closes their connections at the end of the test."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for application in made:
        application.extensions["payments.database"].engine.dispose()


@pytest.fixture
def app(settings: Settings, make_app: Callable[[Settings], Flask]) -> Flask:
    """The application on a migrated database."""
    engine = open_engine(settings)
    upgrade(engine, settings)
    engine.dispose()
    return make_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
