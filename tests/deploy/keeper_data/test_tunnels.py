"""After a change of protocol, bytes go both ways untouched."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper import exchange
from readiness_deploy.keeper.entry import Entry
from readiness_deploy.keeper.tunnel import Tunnel

from keeper_data.certificates import certificate
from keeper_data.rig import LONGEST, OK, App, Client, Rig, get, receive, rigged, run, until

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A websocket server of RFC 6455 that says what it hears, and closes as it should."""
    seen = await receive(reader, writer)
    assert seen is not None
    if not seen.all("upgrade"):
        writer.write(OK)
        return
    assert (seen.one("upgrade"), seen.one("connection")) == ("websocket", "Upgrade")
    proof = base64.b64encode(hashlib.sha1(seen.one("sec-websocket-key").encode() + _GUID).digest())  # noqa: S324 (RFC 6455)
    head = b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
    writer.write(head % proof + _frame(b"welcome"))
    while True:
        kind, content = await _read(reader)
        writer.write(_frame(content, kind))
        await writer.drain()
        if kind == 8:
            return


def _frame(content: bytes, kind: int = 2, mask: bytes = b"") -> bytes:
    size = len(content)
    marked = 0x80 if mask else 0
    length = bytes([marked | size]) if size < 126 else bytes([marked | 127]) + struct.pack(">Q", size)
    if mask:
        stream = (mask * (size // 4 + 1))[:size]
        content = (int.from_bytes(content, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
    return bytes([0x80 | kind]) + length + mask + content


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    size = second & 127
    if size == 127:
        (size,) = struct.unpack(">Q", await reader.readexactly(8))
    mask = await reader.readexactly(4) if second & 128 else b""
    content = await reader.readexactly(size)
    return first & 15, _frame(content, 2, mask)[-size:] if mask and size else content


async def _opened(rig: Rig) -> Client:
    client = await rig.client()
    key = base64.b64encode(os.urandom(16))
    asked = get("/ws", "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13")
    await client.send(asked[:-2] + b"Sec-WebSocket-Key: " + key + b"\r\n\r\n")
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert base64.b64encode(hashlib.sha1(key + _GUID).digest()) in head  # noqa: S324
    assert await _read(client.reader) == (2, b"welcome")
    return client


@pytest.mark.parametrize("size", [0, 1, 100, 70_000, 3_000_000])
def test_a_websocket_hears_what_it_says(size: int) -> None:
    async def test() -> None:
        async with rigged(App(handler=_echo)) as rig:
            client = await _opened(rig)
            content = os.urandom(size)
            client.writer.write(_frame(content, mask=os.urandom(4)))
            assert await _read(client.reader) == (2, content)
            assert rig.board.in_flight("blue") == 1
            client.writer.write(_frame(b"\x03\xe8", 8, os.urandom(4)))
            assert await _read(client.reader) == (8, b"\x03\xe8")
            assert await client.ended() == b""
            client.close()
            await until(lambda: rig.board.in_flight("blue") == 0)
            assert rig.board.counts("blue")["1xx"] == 1

    run(test())


def test_a_websocket_outlives_the_move_of_the_route() -> None:
    async def test() -> None:
        async with rigged(App(handler=_echo), App()) as rig:
            client = await _opened(rig)
            rig.board.point("green")
            client.writer.write(_frame(b"still here", mask=b"abcd"))
            assert await _read(client.reader) == (2, b"still here")
            assert await rig.board.drained("blue", 0.05) == 1
            assert rig.board.cut("blue") == 1
            with pytest.raises(asyncio.IncompleteReadError):
                await _read(client.reader)
            assert rig.board.counts("blue")["cut"] == 1

    run(test())


def test_a_client_that_leaves_its_tunnel_ends_it() -> None:
    async def test() -> None:
        app = App(handler=_echo)
        async with rigged(app) as rig:
            (await _opened(rig)).writer.transport.abort()
            await until(lambda: rig.board.in_flight("blue") == 0)
            await until(lambda: not app.open)

    run(test())


def test_a_client_that_stays_when_the_application_left_is_hung_up_on() -> None:
    async def test() -> None:
        async with rigged(App(handler=_echo)) as rig:
            client = await _opened(rig)
            client.writer.write(_frame(b"", 8, b"abcd"))
            assert await _read(client.reader) == (8, b"")
            await until(lambda: rig.board.in_flight("blue") == 0)
            assert rig.board.counts("blue")["1xx"] == 1

    run(test())


def test_a_silent_tunnel_ends() -> None:
    async def test() -> None:
        async with rigged(App(handler=_echo), entry=Entry(tunnel=1)) as rig:
            client = await _opened(rig)
            assert await client.ended() == b""
            await until(lambda: rig.board.in_flight("blue") == 0)
            assert rig.board.counts("blue")["cut"] == 0, "nobody is at fault"

    run(test())


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket, h2c", "foo"])
def test_other_protocols_are_not_offered(protocol: str) -> None:
    """With h2c, a client could send requests past the keeper, unread."""

    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            got = await rig.ask(
                get("/", f"Upgrade: {protocol}", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AA")
            )
            assert got.status == 200
            assert not {name for name, _ in app.seen[0].headers} & {"upgrade", "http2-settings", "connection"}

    run(test())


def test_an_application_may_decline() -> None:
    async def test() -> None:
        async with rigged(App()) as rig:
            client = await rig.client()
            asked = get("/", "Upgrade: websocket", "Connection: Upgrade")
            assert (await client.ask(asked)).body == (await client.ask(get())).body == b"ok"

    run(test())


SURE = b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@pytest.mark.parametrize("who", ["application", "client"])
def test_a_tunnel_does_not_fill_memory(who: str) -> None:
    """One end pours, the other does not read. That is borne for as long as silence is."""
    sent = 0

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 100 << 20:
            writer.write(bytes(1 << 16))
            await writer.drain()
            sent += 1 << 16

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(SURE)
        if who == "application":
            await pour(writer)
        await asyncio.sleep(60)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=1)) as rig:
            client = await rig.client(limit=1 << 16)
            await client.send(get("/", "Upgrade: websocket", "Connection: Upgrade"))
            await client.reader.readuntil(b"\r\n\r\n")
            pouring = asyncio.create_task(pour(client.writer)) if who == "client" else None
            await until(lambda: sent)
            before, still = -1, 0
            while still < 5:
                await asyncio.sleep(0.08)
                still = still + 1 if before == sent else 0
                before = sent
            assert 0 < sent < 48 << 20
            if pouring:
                pouring.cancel()
            client.writer.transport.abort()
            await until(lambda: rig.board.in_flight("blue") == 0)

    run(test())


_SURE = b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_ASK = get("/ws", "Upgrade: websocket", "Connection: Upgrade")


async def _pour(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


@pytest.mark.parametrize("reads", [True, False])
def test_a_client_that_left_before_its_tunnel_began_holds_nothing(reads: bool) -> None:
    """Its end is heard while the request is still under way; nothing that comes later says so again."""

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        await asyncio.sleep(0.1)
        writer.write(_SURE)
        while not reads or await reader.read(100):
            await asyncio.sleep(0.01)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=0.5)) as rig:
            client = await rig.client()
            await client.send(_ASK)
            client.close()
            await until(lambda: not rig.proxy._connections)
            assert rig.board.counts("blue")["cut"] == 0

    run(test())


@pytest.mark.parametrize(("takes_nothing", "cut"), [("application", 1), ("client", 0)])
def test_an_end_that_takes_nothing_is_let_go(takes_nothing: str, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is hung up on, and its connection does not live on for what it does not take. Only that the application takes
    nothing counts against the release."""
    made: list[Tunnel] = []

    class Kept(Tunnel):
        __slots__ = ()

        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(exchange, "Tunnel", Kept)

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(_SURE)
        if takes_nothing == "client":
            await _pour(writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(LONGEST)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=0.5)) as rig:
            client = await rig.client(limit=1 << 16)
            await client.send(_ASK)
            await client.reader.readuntil(b"\r\n\r\n")
            pouring = asyncio.create_task(_pour(client.writer)) if takes_nothing == "application" else None
            await until(lambda: not rig.board.in_flight("blue"))
            await until(lambda: not rig.proxy._connections)
            await until(lambda: made[0]._upstream.closed)
            assert rig.board.counts("blue")["cut"] == cut
            if pouring:
                with suppress(ConnectionError):
                    await pouring

    run(test())


def test_a_slow_client_gets_the_rest_of_a_tunnel_that_ended() -> None:
    size = 3_000_000

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(_SURE + bytes(size))
        await writer.drain()

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=0.5)) as rig:
            client = await rig.client(limit=1 << 10)
            await client.send(_ASK)
            await client.reader.readuntil(b"\r\n\r\n")
            got = 0
            while data := await client.reader.read(100_000):
                got += len(data)
                await asyncio.sleep(0.05)
            assert got == size

    run(test())


def test_a_client_that_leaves_its_tunnel_over_tls_ends_it(tmp_path: Path) -> None:
    tls = certificate(tmp_path, 1)

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(_SURE)
        await reader.read(1)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(tls=tls)) as rig:
            trusting = ssl.create_default_context(cafile=tls.certificate)
            client = await rig.client(ssl=trusting, server_hostname="entry.test")
            await client.send(_ASK)
            await client.reader.readuntil(b"\r\n\r\n")
            client.close()
            await until(lambda: rig.board.in_flight("blue") == 0)
            await until(lambda: not rig.proxy._connections)

    run(test())


@pytest.mark.parametrize(("speaks", "kind"), [("the client", "1xx"), ("nobody", "cut")])
def test_a_reset_is_a_cut_only_where_the_client_gave_no_cause(speaks: str, kind: str) -> None:
    """A server that hangs up on a bad frame has not read what followed it, and its system resets the connection."""

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(_SURE)
        await writer.drain()
        if speaks == "the client":
            await reader.readexactly(1)
            writer.write(b"\x88\x02\x03\xea")
            await writer.drain()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            await client.send(_ASK)
            await client.reader.readuntil(b"\r\n\r\n")
            if speaks == "the client":
                await client.send(bytes(100_000))
            await until(lambda: rig.board.in_flight("blue") == 0)
            assert rig.board.counts("blue")[kind] == 1

    run(test())
