"""Who is slow makes others wait, and fills no memory."""

from __future__ import annotations

import asyncio
import socket

import pytest
from readiness_deploy.keeper.entry import Entry

from keeper_data.rig import OK, App, Client, get, receive, rigged, run, until

HUGE = 1 << 30
# What kernels keep for two connections and the keeper's own buffers; a keeper that buffers passes any bound.
MOST = 48 << 20


async def _stalled(sent: list[int]) -> int:
    """How much was sent when no more goes out."""
    await until(lambda: sent)
    before, still = -1, 0
    while still < 5:
        await asyncio.sleep(0.08)
        still = still + 1 if before == sum(sent) else 0
        before = sum(sent)
    return before


async def _pour(writer: asyncio.StreamWriter, sent: list[int], size: int, *, chunked: bool) -> None:
    piece = bytes(1 << 16)
    for _ in range(size // len(piece)):
        writer.write(b"10000\r\n%b\r\n" % piece if chunked else piece)
        await writer.drain()
        sent.append(len(piece))


@pytest.mark.parametrize("chunked", [True, False])
def test_a_client_that_does_not_read_stops_the_application(chunked: bool) -> None:
    sent: list[int] = []

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        coding = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % HUGE
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % coding)
        await _pour(writer, sent, HUGE, chunked=chunked)

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client(limit=1 << 16)
            await client.send(get())
            assert 0 < await _stalled(sent) < MOST
            read = 0
            while read < 3 * MOST:  # and it goes on when the client does
                read += len(await client.reader.read(1 << 20))
            client.writer.transport.abort()

    run(test(), 300)


@pytest.mark.parametrize("chunked", [True, False])
def test_an_application_that_does_not_read_stops_the_client(chunked: bool) -> None:
    go = asyncio.Event()
    sent: list[int] = []
    size = 2 * MOST

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        while True:
            data = await reader.read(1 << 20)
            if data.endswith(b"0\r\n\r\n") or (not chunked and read_all(len(data))):
                break
        writer.write(OK)

    left = size

    def read_all(n: int) -> bool:
        nonlocal left
        left -= n
        return left <= 0

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(body=HUGE)) as rig:
            client = await rig.client()
            coding = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
            await client.send(f"POST / HTTP/1.1\r\nHost: a\r\n{coding}\r\n\r\n".encode())
            pouring = asyncio.create_task(_pour(client.writer, sent, size, chunked=chunked))
            assert 0 < await _stalled(sent) < MOST
            go.set()
            await pouring
            if chunked:
                await client.send(b"0\r\n\r\n")
            assert (await client.answer()).body == b"ok"

    run(test(), 300)


def test_a_body_for_a_colour_that_is_not_there_yet_waits_at_the_client() -> None:
    sent: list[int] = []

    async def test() -> None:
        async with rigged(entry=Entry(body=HUGE, hold=15)) as rig:
            rig.board.place("blue", None, "")
            rig.board.point("blue")
            client = await rig.client()
            await client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {2 * MOST}\r\n\r\n".encode())
            pouring = asyncio.create_task(_pour(client.writer, sent, 2 * MOST, chunked=False))
            assert 0 < await _stalled(sent) < MOST
            received = 0

            async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal received
                await reader.readuntil(b"\r\n\r\n")
                while received < 2 * MOST:
                    received += len(await reader.read(1 << 20))
                writer.write(OK)

            blue = await App(handler=app).start()
            rig.board.place("blue", blue.address[:2], "r")
            await pouring
            assert (await client.answer()).body == b"ok"
            await blue.stop()

    run(test(), 300)


def test_a_flood_of_pipelined_requests_waits_at_the_client() -> None:
    sent: list[int] = []
    go = asyncio.Event()

    async def slow(_: object) -> bytes:
        await go.wait()
        return OK

    async def test() -> None:
        async with rigged(App(slow)) as rig:
            client = await rig.client()

            async def flood() -> None:
                many = get("/" + "a" * 1000) * 64
                while sum(sent) < 2 * MOST:
                    await client.send(many)
                    sent.append(len(many))

            flooding = asyncio.create_task(flood())
            assert 0 < await _stalled(sent) < MOST // 3, "one connection has half the buffers of two"
            flooding.cancel()
            client.writer.transport.abort()
            go.set()

    run(test(), 300)


def test_a_long_pipeline_is_answered_to_its_end() -> None:
    go = asyncio.Event()

    async def slow(_: object) -> bytes:
        await go.wait()
        return OK

    async def test() -> None:
        async with rigged(App(slow)) as rig:
            client = await rig.client()
            sending = asyncio.create_task(client.send(get("/" + "a" * 1000) * 500))
            await until(lambda: any(connection.holding for connection in rig.proxy._connections))
            go.set()
            for _ in range(500):
                assert (await client.answer()).body == b"ok"
            await sending

    run(test(), 300)


def test_one_who_is_slow_keeps_nobody_else_waiting() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (seen := await receive(reader, writer)) is not None:
            if seen.target == "/huge":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % HUGE)
                await _pour(writer, [], HUGE, chunked=False)
            writer.write(OK)

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            slow = await rig.client(limit=1 << 16)
            await slow.send(get("/huge"))
            await until(lambda: rig.board.in_flight("blue") == 1)
            for _ in range(50):
                assert (await rig.ask(get())).body == b"ok"
            slow.writer.transport.abort()

    run(test(), 300)


def test_what_the_client_has_not_taken_is_in_flight_for_the_mapped_file() -> None:
    """The colour is done, the client is not: the death of the keeper would still cut the answer."""
    size = 60_000

    async def test() -> None:
        app = App(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, bytes(size)))
        async with rigged(app) as rig:
            # Small buffers of the kernel, so that the end of the answer must wait in the keeper.
            rig.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", rig.port))
            client = Client(*await asyncio.open_connection(sock=sock, limit=4096))
            rig.clients.append(client)
            await client.send(get() + get("/2"))
            await until(lambda: rig.board.counts("blue")["requests"] == 1)
            assert (rig.board.in_flight("blue"), rig.shared.in_flight("blue")) == (0, 1)
            assert len((await client.answer()).body) == len((await client.answer()).body) == size
            await until(lambda: rig.shared.in_flight("blue") == 0)

    run(test())
