"""A PostgreSQL of a test's own: made in a temporary folder, on a free port of the loopback, ended with its user.

A test that uses it says ``@pytest.mark.needs("postgresql")``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from ports import reserved

PASSWORD = "correct-horse-battery"
_NUMBERS = count(1)
_SETTINGS = (
    "listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60",
    "log_min_messages=fatal", "unix_socket_directories=", "max_wal_size=64MB", "jit=off",
)  # fmt: skip


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    return str(found[-1]) if found else str(shutil.which(name))


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run for root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Server:
    """One server. `address()` of a database in it, `restart()` it, hard."""

    def __init__(self, folder: Path) -> None:
        self._who = _unprivileged()
        self._data = folder / "data"
        if self._who:
            os.chown(folder, self._who["user"], self._who["group"])
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._call("initdb", "-U", "readiness", "-A", "scram-sha-256", f"--pwfile={secret}", "-N", "-E", "UTF8",
                   "--locale=C", "-D", str(self._data))  # fmt: skip
        self._reserved = reserved()  # also while the server is down
        self.port = int(self._reserved.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def _call(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(name), *arguments], capture_output=True, check=False, timeout=300, cwd="/", **self._who
        )
        assert done.returncode == 0, f"{name}: {done.stderr.decode()}"

    def start(self) -> None:
        options = [word for setting in (*_SETTINGS, f"port={self.port}") for word in ("-c", setting)]
        with (self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self._data), *options], stdout=log, stderr=log, cwd="/", **self._who
            )
        deadline = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.address("postgres"), connect_timeout=10).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._data.parent / "log").read_text()
                assert time.monotonic() < deadline, "PostgreSQL did not come up within 120 s"
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT is the crash, SIGINT ends every session and writes down what is committed."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(120)

    def restart(self) -> None:
        self.stop()
        self.start()

    def address(self, database: str, port: int | None = None, user: str = "readiness") -> str:
        """Of a database, or of one schema in it: `database/schema`."""
        database, _, schema = database.partition("/")
        options = "sslmode=disable&gssencmode=disable" + (f"&options=-csearch_path%3D{schema}" if schema else "")
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}?{options}"

    def database(self) -> str:
        """The name of a new, empty database."""
        name = f"t{next(_NUMBERS)}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return name

    def schema(self) -> str:
        """A new, empty schema in a database that it shares with others, to be named as one: it costs nearly nothing."""
        name = f"s{next(_NUMBERS)}"
        self.ask("postgres", f"CREATE SCHEMA {name}")
        return f"postgres/{name}"

    def ask(self, database: str, sql: str) -> list[Any]:
        """The rows of one query, on a connection of its own."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def server() -> Iterator[Server]:
    """A running server. Not in pytest's own temporary folders: those are closed to the user that it runs as."""
    with tempfile.TemporaryDirectory(prefix="readiness-postgres-") as folder:
        running = Server(Path(folder))
        try:
            yield running
        finally:
            running.stop()
            running._reserved.close()
