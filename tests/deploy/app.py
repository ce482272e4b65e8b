"""A small service to ship: HTTP/1.1 with keep-alive on the loopback, the release in the header X-Release.

    GET  /            200, the release
    GET  /ready       200 or, where it is told to be unready, 503
    GET  /slow?0.5    200 after so many seconds
    GET  /when?/a/b   200 as soon as that file exists; that it came here is said by the file /a/b.heard
    GET  /env?NAME    200 with a variable of its environment
    GET  /pid         200 with the process id
    POST /            200; the body is appended to --data, one line each, and written to --database, one row each
    POST /fail        from now on it is not ready
    POST /die         it ends at once, with exit code 3

On SIGTERM it takes no more connections, finishes what is in flight, and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


class App:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.release = os.environ.get("READINESS_RELEASE", "none").encode()
        self.began = time.monotonic()
        self.connections: set[Connection] = set()
        self.unready = False
        self.count = 0
        self.ending = asyncio.Event()
        self.data = os.open(options.data, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if options.data else -1
        self.database = opened(options.database) if options.database else None

    def ready(self) -> bool:
        age = time.monotonic() - self.began
        due = self.options.ready_when is None or self.options.ready_when.exists()
        return due and age >= self.options.ready_after and not self.unready

    def answer(self, method: bytes, target: bytes, body: bytes) -> tuple[int, bytes]:
        path, _, query = target.partition(b"?")
        if path == b"/ready":
            return (200, b"ready") if self.ready() else (503, b"not ready")
        self.count += 1
        if self.options.fail_after is not None and self.count > self.options.fail_after:
            return 500, b"broken"
        if method == b"POST":
            return self.post(path, body)
        if path == b"/env":
            return 200, os.environ.get(query.decode(), "").encode()
        if path == b"/pid":
            return 200, str(os.getpid()).encode()
        return 200, self.release

    def post(self, path: bytes, body: bytes) -> tuple[int, bytes]:
        if path == b"/die":
            os._exit(3)
        if path == b"/fail":
            self.unready = True
        elif self.data >= 0:
            os.write(self.data, body + b"\n")
        elif self.database is not None:
            self.database.execute("INSERT INTO written VALUES (?, ?)", (body.decode(), self.release.decode()))
        return 200, self.release

    def head(self, status: int, length: int, close: bool) -> bytes:
        return b"HTTP/1.1 %d %s\r\nX-Release: %s\r\nContent-Length: %d\r\n%s\r\n" % (
            status, REASONS[status].encode(), self.release, length, b"Connection: close\r\n" if close else b""
        )  # fmt: skip


class Connection(asyncio.Protocol):
    def __init__(self, app: App) -> None:
        self.app = app
        self.buffer = b""
        self.busy = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.app.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.app.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self.next()

    def next(self) -> None:
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = 0
            for line in head.split(b"\r\n")[1:]:
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
            close = b"\r\nconnection: close" in head.lower()
            if target.startswith(b"/slow?"):
                self.busy = True
                delay = float(target.partition(b"?")[2])
                asyncio.get_running_loop().call_later(delay, self.slow_done, close)
                return
            if target.startswith(b"/when?"):
                self.busy = True
                file = Path(target.partition(b"?")[2].decode())
                file.with_name(f"{file.name}.heard").touch()
                self.wait_for(file, close)
                return
            self.send(*self.app.answer(method, target, body), close=close, quiet=method == b"HEAD")

    def wait_for(self, file: Path, close: bool) -> None:
        if file.exists():
            self.slow_done(close)
        else:
            asyncio.get_running_loop().call_later(0.01, self.wait_for, file, close)

    def slow_done(self, close: bool) -> None:
        self.busy = False
        self.send(*self.app.answer(b"GET", b"/", b""), close=close, quiet=False)
        self.next()

    def send(self, status: int, body: bytes, *, close: bool, quiet: bool) -> None:
        assert self.transport is not None
        close = close or self.app.ending.is_set()
        self.transport.write(self.app.head(status, len(body), close) + (b"" if quiet else body))
        if close:
            self.transport.close()


async def main(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    app = App(options)
    server = await loop.create_server(
        lambda: Connection(app), "127.0.0.1", int(os.environ["PORT"]), backlog=1024, reuse_address=True
    )
    if not options.ignore_term and not options.abrupt:
        loop.add_signal_handler(signal.SIGTERM, app.ending.set)
    print(f"release {app.release.decode()} listens on {os.environ['PORT']}", flush=True)
    await app.ending.wait()
    server.close()
    for connection in list(app.connections):
        if not connection.busy and connection.transport is not None:
            connection.transport.close()
    while app.connections:
        await asyncio.sleep(0.005)


def opened(path: Path) -> sqlite3.Connection:
    """The database in which two releases write at the same time."""
    import sqlite3

    made = sqlite3.connect(path, isolation_level=None, timeout=5)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    made.execute("CREATE TABLE IF NOT EXISTS written (body TEXT, release TEXT)")
    return made


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a small service to ship")
    parser.add_argument("--ready-after", type=float, default=0.0, help="seconds until it is ready")
    parser.add_argument("--ready-when", type=Path, help="file without which it is not ready")
    parser.add_argument("--fail-after", type=int, help="requests that are answered well")
    parser.add_argument("--fail-at-start", action="store_true", help="end with exit code 2 at once")
    parser.add_argument("--say", default="", help="a variable that it prints at the start")
    parser.add_argument("--spawn", action="store_true", help="have a child in another session that outlives it")
    parser.add_argument("--ignore-term", action="store_true", help="SIGTERM is ignored")
    parser.add_argument("--abrupt", action="store_true", help="end at once on SIGTERM, whatever is in flight")
    parser.add_argument("--database", type=Path, help="SQLite file to which bodies are written")
    parser.add_argument("--data", type=Path, help="file to which bodies are appended")
    return parser.parse_args(words)


if __name__ == "__main__":
    given = options(sys.argv[1:])
    if given.say:
        print(f"{given.say}={os.environ.get(given.say)}", flush=True)
    if given.fail_at_start:
        print("no database", flush=True)
        raise SystemExit(2)
    if given.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if given.spawn and os.fork() == 0:
        os.setsid()
        while True:
            time.sleep(3600)
    asyncio.run(main(given))
