"""A keeper's data plane between scripted applications and raw clients, all on real sockets of one event loop.

What comes out is read by h11, which shares no code with the keeper.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import h11
from ports import reserved
from readiness_deploy.keeper import upstream
from readiness_deploy.keeper.board import Board
from readiness_deploy.keeper.entry import Entry
from readiness_deploy.keeper.proxy import Proxy
from readiness_deploy.keeper.shared import Shared

LONGEST = 120.0  # the machine may be busy with other things
_TICK = 0.01
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def run(coroutine: Coroutine[Any, Any, None], longest: float = LONGEST) -> None:
    """Run a test's coroutine. Faults in callbacks, which the loop would only log, fail the test."""
    faults: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        await asyncio.wait_for(coroutine, longest)

    asyncio.run(watched())
    assert not faults, faults


async def until(true: Callable[[], object], longest: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = asyncio.get_running_loop().time() + longest
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
        await asyncio.sleep(0.002)


class Stands:
    """A loop whose clock stands, except where it is put forward."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.now = loop, loop.time()

    def time(self) -> float:
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


class Steady(Stands):
    """A loop whose clock goes on with its turns, by two ticks at most in each: where the machine lets this process
    wait, nobody was slow meanwhile, and nobody's patience is used up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._later: list[asyncio.TimerHandle] = []

    def call_later(self, delay: float, callback: Callable[..., object], *arguments: Any) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.now + delay, callback, arguments, self._loop)
        self._later.append(handle)
        return handle

    async def run(self) -> None:
        while True:
            before = self._loop.time()
            await asyncio.sleep(_TICK)
            self.now += min(self._loop.time() - before, 2 * _TICK)
            due = [handle for handle in self._later if handle.when() <= self.now]
            self._later = [handle for handle in self._later if handle not in due and not handle.cancelled()]
            for handle in due:
                if not handle.cancelled():
                    handle._run()


@dataclass
class Seen:
    """A request as an application got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


Answerer = Callable[[Seen], bytes | Awaitable[bytes]]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return [(bytes(k).decode("latin-1"), bytes(v).decode("latin-1")) for k, v in headers]


class App:
    """An application. It answers each request with the bytes that `answer` gives; `handler` does all by itself."""

    def __init__(self, answer: Answerer = lambda _: OK, handler: Handler | None = None) -> None:
        self._answer, self._handler = answer, handler
        self.seen: list[Seen] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None
        self.address = ("", 0)

    async def start(self, port: int = 0) -> App:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1000)
        self.address = self.server.sockets[0].getsockname()
        return self

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
        for writer in list(self.open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            await (self._handler or self._requests)(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, h11.RemoteProtocolError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (seen := await receive(reader, writer)) is not None:
            self.seen.append(seen)
            answer = self._answer(seen)
            writer.write(answer if isinstance(answer, bytes) else await answer)
            await writer.drain()


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen | None:
    """The next request, read strictly; None at the end of the connection."""
    machine = h11.Connection(h11.SERVER)
    seen: Seen | None = None
    while True:
        event = machine.next_event()
        if event is h11.NEED_DATA:
            if machine.they_are_waiting_for_100_continue:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            data = await reader.read(65536)
            if not data and seen is None and machine.trailing_data[0] == b"":
                return None
            machine.receive_data(data)
        elif isinstance(event, h11.Request):
            seen = Seen(event.method.decode(), event.target.decode(), _pairs(event.headers))
        elif isinstance(event, h11.Data):
            assert seen is not None
            seen.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert seen is not None
            seen.trailers = _pairs(event.headers)
            rest, _ = machine.trailing_data
            reader._buffer[:0] = rest  # type: ignore[attr-defined]  # what came early is read again
            return seen


@dataclass
class Got:
    """An answer as a client got it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytearray
    trailers: list[tuple[str, str]]
    interim: list[int]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


class Client:
    """A client that sends what it is told, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._ahead = b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, method: str = "GET") -> Got:
        """The next answer. Raises h11.RemoteProtocolError where it is none or is cut, ConnectionError on a reset."""
        machine = h11.Connection(h11.CLIENT)
        machine.send(h11.Request(method=method, target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
        machine.send(h11.EndOfMessage())
        if self._ahead:
            machine.receive_data(self._ahead)
            self._ahead = b""
        got = Got(0, [], bytearray(), [], [])
        while True:
            event = machine.next_event()
            if event is h11.NEED_DATA:
                machine.receive_data(await self.reader.read(65536))
            elif isinstance(event, h11.InformationalResponse):
                got.interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                got.status, got.headers = event.status_code, _pairs(event.headers)
            elif isinstance(event, h11.Data):
                got.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                got.trailers = _pairs(event.headers)
                self._ahead = machine.trailing_data[0]
                return got
            else:
                raise ConnectionError(f"no answer: {event}")

    async def ask(self, data: bytes, method: str = "GET") -> Got:
        await self.send(data)
        return await self.answer(method)

    async def ended(self) -> bytes:
        """Everything until the connection ends."""
        return self._ahead + await self.reader.read()

    def close(self) -> None:
        self.writer.close()


class Rig:
    """A proxy, its board and two applications."""

    def __init__(self, entry: Entry, folder: Path) -> None:
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.board, self.folder = Board(), folder
        self.shared = Shared(folder / "inflight")
        self.proxy = Proxy(self.board, entry, self.shared, lambda what, **details: self.notes.append((what, details)))
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.clients: list[Client] = []

    async def serve(self) -> None:
        """Begin, by a clock that knows no pauses of this process."""
        await self.proxy.serve([self.listener])
        self.clock = Steady(asyncio.get_running_loop())
        self.goes_by(self.clock)

    def goes_by(self, loop: Any) -> None:
        """Have the keeper measure by the clock of this loop."""
        self.proxy.loop = self.proxy.pool._loop = loop

    async def client(self, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes, method: str = "GET") -> Got:
        """One request on a connection of its own."""
        client = await self.client()
        try:
            return await client.ask(data, method)
        finally:
            client.close()

    async def raw(self, data: bytes) -> bytes:
        """Everything that comes back, until the keeper closes."""
        client = await self.client()
        await client.send(data)
        try:
            return await client.ended()
        finally:
            client.close()

    def balanced(self) -> None:
        """Nothing is in flight, and each request is counted exactly once."""
        for colour in ("blue", "green"):
            counts = dict(self.board.counts(colour))
            kinds = sum(n for name, n in counts.items() if name.endswith("xx") or name in ("no_answer", "cut", "left"))
            assert counts["requests"] == kinds, counts
            assert counts["in_flight"] == self.shared.in_flight(colour) == 0, counts


@asynccontextmanager
async def rigged(blue: App | None = None, green: App | None = None, entry: Entry | None = None) -> AsyncIterator[Rig]:
    """A rig whose route selects blue, where there is one. At its end, its counts must add up."""
    # A pause of this process while it connects is no colour that does not answer.
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(upstream, "_CONNECT", LONGEST):
        rig = Rig(entry or Entry(), Path(folder))
        for colour, app in (("blue", blue), ("green", green)):
            if app is not None:
                await app.start()
                rig.board.place(colour, app.address[:2], f"release-{colour}")
        rig.board.point("blue" if blue is not None else None)
        await rig.serve()
        passing = asyncio.create_task(rig.clock.run())
        try:
            yield rig
            for client in rig.clients:
                client.close()
            await until(lambda: not rig.board.in_flight("blue") and not rig.board.in_flight("green"))
            await until(lambda: not rig.shared.in_flight("blue") and not rig.shared.in_flight("green"))
            rig.balanced()
        finally:
            for client in rig.clients:
                client.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(rig.proxy.close(0), 60)
            passing.cancel()
            for app in (blue, green):
                if app is not None:
                    await app.stop()
            rig.listener.close()
            rig.shared.close()


@contextmanager
def nobody() -> Iterator[tuple[str, int]]:
    """An address where nobody listens. It is taken meanwhile, so that no other process does."""
    with reserved() as taken:
        yield taken.getsockname()


@contextmanager
def few_files(spare: int) -> Iterator[None]:
    """So many descriptors can be opened in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # what an earlier test left open would be closed in the midst of this one, and make room
    # The lowest number that is free tells how many are in use.
    file = os.dup(0)
    os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (file + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def get(path: str = "/", *lines: str, version: str = "1.1") -> bytes:
    """A GET."""
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: example.test", *lines, "", ""]).encode()


def post(body: bytes, *lines: str, path: str = "/") -> bytes:
    """A POST with a length."""
    head = [f"POST {path} HTTP/1.1", "Host: example.test", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body
