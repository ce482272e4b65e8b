"""No request is lost: not by a move of the route, nor by a colour that ends in order or is not there yet."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

import pytest
from readiness_deploy.keeper import upstream
from readiness_deploy.keeper.entry import Entry
from readiness_deploy.keeper.shared import Shared

from keeper_data.rig import OK, App, Seen, get, nobody, post, receive, rigged, run, until


def _named(name: str) -> App:
    text = b"HTTP/1.1 200 OK\r\nX-Colour: %b\r\nContent-Length: 2\r\n\r\nok" % name.encode()
    return App(lambda _: text)


def test_a_thousand_moves_lose_nothing() -> None:
    async def test() -> None:
        blue, green = _named("blue"), _named("green")
        async with rigged(blue, green) as rig:
            over, wrong, answered = False, [], {"blue": 0, "green": 0}

            async def asks(n: int) -> None:
                client = await rig.client()
                while not over:
                    got = await client.ask(post(b"x") if n % 2 else get())
                    answered[got.one("x-colour")] += 1
                    if got.status != 200:
                        wrong.append(got)

            tasks = [asyncio.create_task(asks(n)) for n in range(16)]
            for n in range(1000):
                rig.board.point("green" if n % 2 == 0 else "blue")
                await asyncio.sleep(0.001 if n % 10 else 0.003)
            over = True
            await asyncio.gather(*tasks)
            assert not wrong
            assert min(answered.values()) > 100, answered
            total = rig.board.counts("blue")["2xx"] + rig.board.counts("green")["2xx"]
            assert total == sum(answered.values())

    run(test())


def test_after_the_move_no_request_goes_to_the_old_colour() -> None:
    async def test() -> None:
        async with rigged(_named("blue"), _named("green")) as rig:
            client = await rig.client()
            for n in range(200):
                colour = "green" if n % 2 else "blue"
                rig.board.point(colour)
                assert (await client.ask(get())).one("x-colour") == colour

    run(test())


def test_a_request_that_was_connecting_goes_where_the_route_leads_then() -> None:
    async def test() -> None:
        blue, green = _named("blue"), _named("green")
        async with rigged(blue, green) as rig:
            really_open = rig.proxy.pool.open

            def opens(*wanted: Any) -> None:
                really_open(*wanted)
                rig.board.point("green")

            rig.proxy.pool.open = opens  # type: ignore[method-assign]
            assert (await rig.ask(get())).one("x-colour") == "green"
            assert blue.connections == 1
            assert not blue.seen

    run(test())


def test_a_drain_waits_for_the_request() -> None:
    release = asyncio.Event()

    async def slow(seen: Seen) -> bytes:
        await release.wait()
        return OK

    async def test() -> None:
        blue = App(slow)
        async with rigged(blue, _named("green")) as rig:
            client = await rig.client()
            await client.send(get())
            await until(lambda: blue.seen)
            rig.board.point("green")
            draining = asyncio.create_task(rig.board.drained("blue", 60))
            assert (await rig.ask(get())).one("x-colour") == "green"
            assert not draining.done()
            release.set()
            assert await draining == 0
            assert (await client.answer()).body == b"ok"
            assert await rig.board.drained("blue", 0) == 0

    run(test())


def test_what_outlives_its_drain_is_counted_when_it_is_cut() -> None:
    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return OK

    async def test() -> None:
        blue = App(never)
        async with rigged(blue, _named("green")) as rig:
            clients = [await rig.client() for _ in range(3)]
            for client in clients:
                await client.send(get())
            await until(lambda: len(blue.seen) == 3)
            rig.board.point("green")
            assert await rig.board.drained("blue", 0.05) == 3
            assert rig.board.in_flight("blue") == 3, "a drain cuts nothing by itself"
            assert rig.board.cut("blue") == 3
            for client in clients:
                assert (await client.answer()).status == 502
            assert rig.board.counts("blue")["no_answer"] == 3

    run(test())


@pytest.mark.parametrize("handed_over", [True, False])
def test_what_a_worker_that_handed_over_cuts_is_left_to_be_counted(handed_over: bool) -> None:
    """Where no other worker goes on, a person asked for the end."""

    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return OK

    async def test() -> None:
        blue = App(never)
        async with rigged(blue) as rig:
            await (await rig.client()).send(get())
            await until(lambda: len(blue.seen) == 1)
            beside = Shared(rig.folder / "inflight")
            await (rig.proxy.hand_over(0) if handed_over else rig.proxy.close(0))
            await until(lambda: not rig.shared.in_flight("blue"))
            assert beside.elsewhere("blue") == handed_over

    run(test())


def test_a_colour_that_lost_the_route_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is idle there is closed with the move, long before it would be for its age: the colour may end at once."""
    monkeypatch.setattr(upstream, "LONGEST_IDLE", 3600.0)

    async def test() -> None:
        blue = _named("blue")
        async with rigged(blue, _named("green")) as rig:
            for _ in range(5):
                await rig.ask(get())
            assert blue.open
            rig.board.point("green")
            await until(lambda: not blue.open)

    run(test())


def test_a_colour_that_ends_in_order_loses_nothing() -> None:
    """Deselected, drained, ended: its idle connections are gone before it is."""

    async def test() -> None:
        blue, green = _named("blue"), _named("green")
        async with rigged(blue, green) as rig:
            over = False

            async def asks() -> None:
                client = await rig.client()
                while not over:
                    assert (await client.ask(post(b"x"))).status == 200

            tasks = [asyncio.create_task(asks()) for _ in range(8)]
            await until(lambda: len(blue.seen) > 100)
            rig.board.point("green")
            assert await rig.board.drained("blue", 60) == 0
            await until(lambda: not blue.open)
            await blue.stop()
            rig.board.place("blue", None, "")
            await until(lambda: len(green.seen) > 200)
            over = True
            await asyncio.gather(*tasks)

    run(test())


@pytest.mark.parametrize("kind", ["get", "post"])
def test_a_colour_that_does_not_listen_yet_is_waited_for(kind: str) -> None:
    async def test() -> None:
        later = _named("later")
        with nobody() as address:
            async with rigged(_named("blue")) as rig:
                rig.board.place("green", address, "r")
                rig.board.point("green")
                asking = asyncio.create_task(rig.ask(get() if kind == "get" else post(b"once")))
                await until(lambda: rig.proxy.held)
                await later.start(address[1])
                assert (await asking).one("x-colour") == "later"
                assert len(later.seen) == 1
                await later.stop()

    run(test())


def test_a_colour_that_hangs_gives_up_its_waiting_requests_with_the_route() -> None:
    """Its queue is full, so that connecting takes as long as it may. The route moves, and nobody waits for that."""

    async def test() -> None:
        loop = asyncio.get_running_loop()
        hung = socket.socket()
        hung.bind(("127.0.0.1", 0))
        hung.listen(0)
        crowd = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(hung.getsockname())
            crowd.append(sock)
        async with rigged(_named("blue"), entry=Entry(hold=60)) as rig:
            rig.board.place("green", hung.getsockname(), "r")
            rig.board.point("green")
            asking = [asyncio.create_task(rig.ask(post(b"x"))) for _ in range(8)]
            await until(lambda: len(rig.proxy.held) == 8)
            began = loop.time()
            rig.board.point("blue")
            for got in await asyncio.gather(*asking):
                assert got.one("x-colour") == "blue"
            assert loop.time() - began < 30
        for sock in [hung, *crowd]:
            sock.close()

    run(test())


@pytest.mark.parametrize("placed", [True, False])
def test_a_request_that_waits_for_a_dead_colour_goes_back_with_the_route(placed: bool) -> None:
    async def test() -> None:
        with nobody() as dead:
            async with rigged(_named("blue"), entry=Entry(hold=60)) as rig:
                rig.board.place("green", dead if placed else None, "bad")
                rig.board.point("green")
                asking = [asyncio.create_task(rig.ask(post(b"x"))) for _ in range(20)]
                await until(lambda: len(rig.proxy.held) == 20)
                rig.board.point("blue")
                for got in await asyncio.gather(*asking):
                    assert (got.status, got.one("x-colour")) == (200, "blue")
                assert rig.board.counts("green")["requests"] == 0

    run(test())


def test_nobody_waits_for_ever() -> None:
    async def test() -> None:
        with nobody() as dead:
            async with rigged(entry=Entry(hold=0.1)) as rig:
                rig.board.place("blue", dead, "r")
                rig.board.point("blue")
                client = await rig.client()
                got = await client.ask(post(b"x"))
                assert got.status == 502
                assert rig.board.counts("blue")["no_answer"] == 1
                assert ("colour unreachable", "blue") in [(what, d.get("colour")) for what, d in rig.notes]
                assert (await client.ask(get())).status == 502, "the connection is as good as before"

    run(test())


def test_where_nothing_is_selected_patience_is_asked_for() -> None:
    async def test() -> None:
        async with rigged() as rig:
            client = await rig.client()
            got = await client.ask(get())
            assert (got.status, got.one("retry-after")) == (503, "1")
            head = await client.ask(get().replace(b"GET", b"HEAD"), "HEAD")
            assert (head.status, head.body) == (503, b"")

    run(test())


def _closes_after(answers: int, deadly: bool) -> App:
    """Answers so many requests on a connection; the next it reads, and closes without a word."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(answers):
            seen = await receive(reader, writer)
            if seen is None:
                return
            app.seen.append(seen)
            writer.write(OK)
        if deadly:
            seen = await receive(reader, writer)
            if seen is not None:
                app.seen.append(seen)

    app = App(handler=handler)
    return app


def test_a_connection_closed_just_now_costs_a_repeatable_request_nothing() -> None:
    async def test() -> None:
        app = _closes_after(1, deadly=True)
        async with rigged(app) as rig:
            client = await rig.client()
            for _ in range(4):
                assert (await client.ask(get())).status == 200
            assert rig.board.counts("blue")["retried"] == 3
            assert rig.board.counts("blue")["requests"] == 4

    run(test())


def test_what_must_not_happen_twice_is_never_sent_twice() -> None:
    async def test() -> None:
        app = _closes_after(1, deadly=True)
        async with rigged(app) as rig:
            client = await rig.client()
            assert (await client.ask(post(b"1", path="/1"))).status == 200
            assert (await client.ask(post(b"2", path="/2"))).status == 502
            assert [seen.target for seen in app.seen] == ["/1", "/2"]

    run(test())


def test_a_fresh_connection_that_gives_no_answer_is_no_reason_to_repeat() -> None:
    async def test() -> None:
        app = _closes_after(0, deadly=True)
        async with rigged(app) as rig:
            assert (await rig.ask(get())).status == 502
            assert len(app.seen) == 1

    run(test())


@pytest.mark.parametrize("kind", ["get", "post"])
def test_a_connection_whose_end_has_come_is_not_used_again(kind: str) -> None:
    """The application closes after each answer, without saying so. The kernel knows, and is asked before each use."""

    async def test() -> None:
        app = _closes_after(1, deadly=False)
        async with rigged(app) as rig:
            client = await rig.client()
            for _ in range(50):
                assert (await client.ask(get() if kind == "get" else post(b"x"))).status == 200
                await asyncio.sleep(0.002)
            assert len(app.seen) == 50

    run(test())


def test_an_answer_that_breaks_off_is_seen_to_break_off() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = await receive(reader, writer)
        assert seen is not None
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" if seen.target == "/chunks"
            else b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
        )  # fmt: skip
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.transport.abort()

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            for path in ("/chunks", "/length"):
                client = await rig.client()
                await client.send(get(path))
                with pytest.raises(Exception):  # noqa: B017 (a reset, or an end that h11 calls one)
                    await client.answer()
            old = await rig.client()
            await old.send(get("/chunks", version="1.0"))
            with pytest.raises(ConnectionResetError):
                await old.ended()
            assert rig.board.counts("blue")["cut"] == 3

    run(test())


def test_a_client_that_goes_away_counts_for_nothing() -> None:
    asked, told = asyncio.Event(), asyncio.Event()

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        asked.set()
        with suppress(ConnectionError):
            await reader.read()
        told.set()

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            await client.send(get())
            await asked.wait()
            sock = client.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.writer.transport.abort()
            await until(lambda: rig.board.in_flight("blue") == 0)
            assert rig.board.counts("blue")["left"] == 1
            assert rig.board.window("blue", 60)["n"] == 0
            await told.wait()  # the application is, too

    run(test())


def test_an_end_lets_requests_end() -> None:
    release = asyncio.Event()

    async def slow(seen: Seen) -> bytes:
        if seen.target == "/slow":
            await release.wait()
        return OK

    async def test() -> None:
        async with rigged(App(slow)) as rig:
            busy, silent, late = [await rig.client() for _ in range(3)]
            assert (await silent.ask(get())).status == (await late.ask(get())).status == 200
            await busy.send(get("/slow"))
            await until(lambda: rig.board.in_flight("blue") == 1)
            closing = asyncio.create_task(rig.proxy.close(60))
            await until(lambda: rig.proxy.closing)
            got = await late.ask(get())
            assert (got.status, got.one("connection")) == (200, "close")
            release.set()
            got = await busy.answer()
            assert (got.status, got.one("connection")) == (200, "close")
            assert await closing == 0
            assert await silent.ended() == b""

    run(test())


def test_a_client_that_spoke_just_now_is_not_idle() -> None:
    """Its request lies in the kernel, and the loop has not heard of it, when idle connections are closed."""

    async def test() -> None:
        async with rigged(_named("blue")) as rig:
            client = await rig.client()
            assert (await client.ask(get())).status == 200
            (connection,) = rig.proxy._connections
            await until(lambda: connection.idle)
            client.writer.write(get())  # sent at once, without a turn of the loop
            connection.close_if_idle()
            assert (await client.answer()).status == 200
            connection.close_if_idle()
            assert await client.ended() == b""

    run(test())


def test_an_end_cuts_at_its_deadline_and_counts() -> None:
    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return OK

    async def test() -> None:
        async with rigged(App(never)) as rig:
            for _ in range(2):
                await (await rig.client()).send(get())
            await rig.client()
            await until(lambda: rig.board.in_flight("blue") == 2)
            assert await rig.proxy.close(0.1) == 2, "the third client is silent, and no request of its is cut"
            assert ("requests cut", 2) in [(what, d.get("number")) for what, d in rig.notes]

    run(test())


def test_a_client_that_asks_while_the_keeper_ends_is_answered() -> None:
    """Many clients ask all the time; the end comes; each gets its answer, and then an orderly end."""

    async def test() -> None:
        async with rigged(_named("blue")) as rig:
            cut = 0

            async def asks() -> None:
                nonlocal cut
                client = await rig.client()
                with suppress(ConnectionError):
                    while True:
                        got = await client.ask(get())
                        assert got.status == 200
                        if got.all("connection") == ["close"]:
                            return
                cut += 1

            tasks = [asyncio.create_task(asks()) for _ in range(20)]
            await until(lambda: rig.board.counts("blue")["requests"] > 200)
            assert await rig.proxy.close(60) == 0
            await asyncio.gather(*tasks)
            assert not cut

    run(test())
