"""Bounds of the entry: who asks for too much, or waits too long, is told so."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from readiness_deploy.keeper.connection import Connection
from readiness_deploy.keeper.entry import Entry

from keeper_data.rig import OK, App, Seen, Stands, few_files, get, post, receive, rigged, run, until


def test_a_head_that_does_not_end_is_not_waited_for() -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(head=0.2)) as rig:
            client = await rig.client()

            async def drips() -> None:
                for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 10_000:
                    client.writer.write(bytes([byte]))
                    await asyncio.sleep(0.01)

            dripping = asyncio.create_task(drips())
            assert (await client.answer()).status == 408
            assert await client.ended() == b""
            dripping.cancel()

    run(test())


def test_a_client_that_says_nothing_is_hung_up_on() -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(idle=1)) as rig:
            never, once = await rig.client(), await rig.client()
            assert (await once.ask(get())).status == 200
            assert await never.ended() == await once.ended() == b""

    run(test())


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(timeout=0.2)) as rig:
            client = await rig.client()
            got = await client.ask(post(b"12345").replace(b"Length: 5", b"Length: 6"))
            assert got.status == 408
            assert await client.ended() == b""
            assert rig.board.counts("blue")["left"] == 1

    run(test())


def test_an_answer_that_does_not_come_is_504() -> None:
    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return OK

    async def test() -> None:
        async with rigged(App(never), entry=Entry(timeout=0.2)) as rig:
            client = await rig.client()
            assert (await client.ask(get())).status == 504
            assert (await client.ask(post(b"x"))).status == 504, "the client's connection is as good as before"
            assert rig.board.counts("blue")["no_answer"] == 2

    run(test())


def test_an_answer_that_stops_half_way_is_cut() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await asyncio.sleep(60)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=0.2)) as rig:
            client = await rig.client()
            await client.send(get())
            with pytest.raises(Exception):  # noqa: B017
                await client.answer()
            assert rig.board.counts("blue")["cut"] == 1

    run(test())


def test_a_slow_answer_that_goes_on_is_waited_for() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.3)
            writer.write(b"x")

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=2)) as rig:
            assert (await rig.ask(get())).body == b"x" * 8

    run(test())


def test_a_long_body_is_refused_before_the_application_hears_of_it() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app, entry=Entry(body=10)) as rig:
            assert (await rig.ask(post(b"x" * 10))).status == 200
            said = await rig.raw(post(b"x" * 11, "Expect: 100-continue")[:-11])
            assert said.startswith(b"HTTP/1.1 413 ")
            assert (len(app.seen), app.connections) == (1, 1)

    run(test())


def test_a_long_body_in_chunks_is_refused_when_it_is_too_long() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app, entry=Entry(body=10)) as rig:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            said = await rig.raw(head + b"8\r\n12345678\r\n3\r\n123\r\n0\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 413 ")
            assert not app.seen
            assert (await rig.ask(head + b"8\r\n12345678\r\n2\r\n12\r\n0\r\n\r\n")).status == 200

    run(test())


@pytest.mark.parametrize("lines", [("X: " + "a" * 40_000,), ("X: a",) * 101])
def test_a_large_head_is_refused(lines: tuple[str, ...]) -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            assert (await rig.raw(get("/", *lines))).startswith(b"HTTP/1.1 431 ")
            assert not app.seen

    run(test())


def test_more_connections_than_there_may_be_wait_in_the_socket() -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(connections=3)) as rig:
            clients = [await rig.client() for _ in range(5)]
            for client in clients:
                await client.send(get())
            for client in clients[:3]:
                assert (await client.answer()).status == 200
            waiting = asyncio.create_task(clients[3].answer())
            done, _ = await asyncio.wait({waiting}, timeout=0.1)
            assert not done
            clients[0].close()
            assert (await waiting).status == 200
            clients[1].close()
            assert (await clients[4].answer()).status == 200
            assert "connections full" in [what for what, _ in rig.notes]

    run(test())


def test_a_lack_of_descriptors_ends_nothing() -> None:
    async def test() -> None:
        async with rigged(App()) as rig:
            first = await rig.client()
            assert (await first.ask(get())).status == 200
            second = await rig.client()
            await until(lambda: len(rig.proxy._connections) == 2)
            with few_files(1):
                # One is left: for the client's own socket. The keeper has none to accept it with.
                third = await rig.client()
                await third.send(get())
                await until(lambda: "accept failed" in [what for what, _ in rig.notes])
                assert (await first.ask(get())).status == 200
            assert (await third.answer()).status == 200
            assert (await second.ask(get())).status == 200

    run(test())


def test_a_lack_of_descriptors_is_no_fault_of_the_release() -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(hold=0.1)) as rig:
            client = await rig.client()
            await until(lambda: any(one.welcomed for one in rig.proxy._connections))
            with few_files(0):
                got = await client.ask(get())
                assert (got.status, got.one("retry-after")) == (503, "1")
                assert b"the keeper cannot open a connection" in got.body
            assert [what for what, _ in rig.notes] == ["connect failed"]
            assert (await client.ask(get())).status == 200
            counts = rig.board.counts("blue")
            assert (counts["requests"], counts["2xx"], counts["no_answer"]) == (1, 1, 0)

    run(test())


@pytest.mark.parametrize("told", [True, False])
def test_a_client_that_announces_a_body_and_waits_for_ever_is_no_fault_of_the_release(told: bool) -> None:
    """Nor where the application knows no 100: a client has to send then as well (RFC 9110, 10.1.1)."""

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if told:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(60)

    async def test() -> None:
        async with rigged(App(handler=app), entry=Entry(timeout=0.3)) as rig:
            said = await rig.raw(post(b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 5"))
            assert b" 408 " in said
            assert rig.board.counts("blue")["left"] == 1
            rig.balanced()

    run(test())


@pytest.mark.parametrize(
    ("silent", "resets", "status", "kind"),
    [(12.0, False, b" 408 ", "left"), (12.0, True, b" 502 ", "no_answer"), (0.0, False, b" 502 ", "no_answer")],
)
def test_who_gives_up_on_a_body_that_does_not_come_is_not_at_fault(
    silent: float, resets: bool, status: bytes, kind: str
) -> None:
    """An application may wait more briefly than the keeper. One that hangs up on a client that sends, or breaks off, is
    at fault."""

    async def test() -> None:
        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.read(1)
            rig.clock.now += silent
            if resets:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

        async with rigged(App(handler=app)) as rig:
            said = await rig.raw(post(b"half").replace(b"Length: 4", b"Length: 8"))
            assert status in said
            assert rig.board.counts("blue")[kind] == 1
            rig.balanced()

    run(test())


@pytest.mark.parametrize("who", ["application", "keeper"])
def test_a_client_that_still_sends_keeps_its_refusal(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many clients read an answer only when they have sent everything. Closing on them would destroy it."""
    heard = 0
    read = Connection.data_received

    def counted(self: Connection, data: bytes) -> None:
        nonlocal heard
        heard += len(data)
        read(self, data)

    monkeypatch.setattr(Connection, "data_received", counted)

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async def test() -> None:
        async with rigged(App(handler=refuses), entry=Entry(body=1 << 20 if who == "application" else 10)) as rig:
            clock = Stands(asyncio.get_running_loop())
            rig.goes_by(clock)
            sends, silent = await rig.client(), await rig.client()
            for client in (sends, silent):
                await client.send(post(b"").replace(b"Length: 0", b"Length: 1000"))
                assert (await client.answer()).status == 413
            of = {one.transport.get_extra_info("peername"): one for one in rig.proxy._connections}
            one, other = (of[client.writer.get_extra_info("sockname")] for client in (sends, silent))
            for seconds in range(4, 29, 4):
                before = heard
                await sends.send(b"x" * 10)
                await until(lambda before=before: heard == before + 10)  # type: ignore[misc]
                clock.now += 4
                one.check(clock.now)
                other.check(clock.now)
                assert not one.transport.is_closing()
                assert other.transport.is_closing() == (seconds > 4)
            assert await silent.ended() == b""
            before = heard
            await sends.send(b"x" * 10)
            await until(lambda: heard == before + 10)
            clock.now += 4
            one.check(clock.now)
            assert one.transport.is_closing(), "nobody is listened to for ever"

    run(test())
