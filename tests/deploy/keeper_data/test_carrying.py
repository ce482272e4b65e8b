"""What clients and applications say arrives at the other side as HTTP means it, in whatever pieces it comes."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from keeper_data.rig import OK, App, Got, Seen, get, post, receive, rigged, run

CHUNKED_POST = (
    b"POST /c HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
    b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\nContent-Length: 3\r\n"
    b"X_Forwarded_For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Port: 1\r\n\r\n"
)
CHUNKED_ANSWER = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
    b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-End: 1\r\n\r\n"
)


def test_a_request_and_its_answer() -> None:
    async def test() -> None:
        app = App(lambda seen: b"HTTP/1.1 201 Made\r\nX-App: Yes\r\nContent-Length: 4\r\n\r\nbody")
        async with rigged(app) as rig:
            got = await rig.ask(post(b"hello", "X-Own: a, b", path="/p?q=1&r"))
            assert (got.status, got.body, got.one("x-app")) == (201, b"body", "Yes")
            (seen,) = app.seen
            assert (seen.method, seen.target, seen.body) == ("POST", "/p?q=1&r", b"hello")
            assert seen.one("x-own") == "a, b"
            assert seen.one("host") == "example.test"

    run(test())


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(data[:i], data[i:]) for i in range(1, len(data))]


@pytest.mark.parametrize("request_bytes", [get("/a", "X-A: 1"), post(b"0123456789"), CHUNKED_POST])
def test_requests_may_be_split_anywhere(request_bytes: bytes) -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            client = await rig.client()
            for first, second in _split(request_bytes):
                await client.send(first)
                await asyncio.sleep(0.001)
                assert (await client.ask(second)).body == b"ok"
            whole = app.seen[0]
            for seen in app.seen:
                assert (seen.method, seen.target, seen.body, seen.trailers) == (
                    whole.method, whole.target, whole.body, whole.trailers,
                )  # fmt: skip
            assert whole.body in (b"", b"0123456789", b"hello world")

    run(test())


@pytest.mark.parametrize("request_bytes", [get("/a", "X-A: 1"), post(b"0123456789"), CHUNKED_POST])
def test_requests_may_come_byte_by_byte(request_bytes: bytes) -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            client = await rig.client()
            for i in range(len(request_bytes)):
                await client.send(request_bytes[i : i + 1])
                await asyncio.sleep(0)
            assert (await client.answer()).body == b"ok"

    run(test())


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        CHUNKED_ANSWER,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
        b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    ],
)
def test_answers_may_be_split_anywhere(answer: bytes) -> None:
    at = 0

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await receive(reader, writer) is not None:
            writer.write(answer[:at])
            await asyncio.sleep(0.001)
            writer.write(answer[at:])

    async def test() -> None:
        nonlocal at
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            seen: list[Got] = []
            for at in range(1, len(answer)):  # noqa: B007
                seen.append(await client.ask(get("/", "TE: trailers", "Connection: TE")))
            for got in seen:
                assert (got.status, got.body, got.trailers, got.interim) == (
                    seen[0].status, seen[0].body, seen[0].trailers, seen[0].interim,
                )  # fmt: skip
            assert seen[0].body in (b"ok", b"abc0123456789", b"")
            assert seen[0].trailers == ([("x-end", "1")] if answer is CHUNKED_ANSWER else [])
            assert seen[0].interim == ([103] if b"103" in answer else [])

    run(test())


def test_trailers_travel_without_those_that_steer() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            await rig.ask(CHUNKED_POST)
            assert app.seen[0].trailers == [("x-sum", "7")]
            assert app.seen[0].one("te") == "trailers"

    run(test())


def test_trailers_are_not_given_to_who_did_not_ask() -> None:
    async def test() -> None:
        async with rigged(App(lambda _: CHUNKED_ANSWER)) as rig:
            got = await rig.ask(get())
            assert (got.body, got.trailers) == (b"abc0123456789", [])

    run(test())


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"),
    ],
)
def test_answers_without_a_body_leave_both_connections_usable(method: str, answer: bytes) -> None:
    async def test() -> None:
        app = App(lambda seen: answer if seen.target == "/" else OK)
        async with rigged(app) as rig:
            client = await rig.client()
            for _ in range(3):
                got = await client.ask(get().replace(b"GET", method.encode()), method)
                assert (got.status, got.body) == (int(answer[9:12]), b"")
                assert (await client.ask(get("/other"))).body == b"ok"
            assert app.connections == 1
            if b"1000" in answer:
                assert got.one("content-length") == "1000"

    run(test())


def test_an_old_client_gets_its_answer_and_an_end() -> None:
    async def test() -> None:
        async with rigged(App(lambda _: CHUNKED_ANSWER)) as rig:
            said = await rig.raw(b"GET / HTTP/1.0\r\n\r\n")
            assert said.endswith(b"\r\n\r\nabc0123456789")
            assert b"chunked" not in said

    run(test())


def test_an_old_client_may_stay_where_it_says_so() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            client = await rig.client()
            for _ in range(2):
                got = await client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                assert (got.body, got.one("connection")) == (b"ok", "keep-alive")
            assert app.seen[0].one("host") == f"127.0.0.1:{app.address[1]}"

    run(test())


def test_a_body_that_ends_with_its_connection_gets_chunks() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nfirst ")
        await asyncio.sleep(0.01)
        writer.write(b"second")

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            for _ in range(2):
                got = await client.ask(get())
                assert (got.body, got.one("transfer-encoding")) == (b"first second", "chunked")

    run(test())


def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def answer(seen: Seen) -> bytes:
        await asyncio.sleep(0.02 if seen.target.endswith("0") else 0)
        text = (seen.target + seen.body.decode()).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)

    async def test() -> None:
        async with rigged(App(answer)) as rig:
            client = await rig.client()
            many = b"".join(
                get(f"/{i}") if i % 3 else CHUNKED_POST.replace(b"/c", b"/%d" % i) + post(b"+", path=f"/{i}")
                for i in range(30)
            )
            await client.send(many + get("/last", "Connection: close"))
            bodies = []
            while not bodies or bodies[-1] != b"/last":
                bodies.append((await client.answer()).body)
            wanted = [b"/%d" % i if i % 3 else b"/%dhello world|/%d+" % (i, i) for i in range(30)]
            assert bodies == [*b"|".join(wanted).split(b"|"), b"/last"]
            assert await client.ended() == b""

    run(test())


def test_continue_comes_from_the_application() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            client = await rig.client()
            head, body = post(b"x" * 10, "Expect: 100-continue")[:-10], b"x" * 10
            await client.send(head)
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert (await client.ask(body)).body == b"ok"
            assert app.seen[0].body == body

    run(test())


@pytest.mark.parametrize("kind", ["100 Continue", "103 Early Hints"])
def test_what_precedes_an_answer_is_not_told_to_who_does_not_know_it(kind: str) -> None:
    async def test() -> None:
        async with rigged(App(lambda _: f"HTTP/1.1 {kind}\r\n\r\n".encode() + OK)) as rig:
            said = await rig.raw(b"GET / HTTP/1.0\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 200 ")
            assert said.endswith(b"\r\n\r\nok")
            got = await rig.ask(get())
            assert (got.status, got.interim) == (200, [103] if "103" in kind else [])

    run(test())


def test_an_application_may_refuse_before_the_body_came() -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            got = await client.ask(post(b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 9"))
            assert (got.status, got.body, got.one("connection")) == (401, b"no", "close")
            assert await client.ended() == b""

    run(test())


def test_what_is_left_of_a_request_is_not_the_beginning_of_the_next() -> None:
    """The application answers before the body has come, and keeps the connection: it is not used again."""
    targets = []

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            targets.append((await reader.readuntil(b"\r\n\r\n")).split()[1])
            writer.write(OK)

    async def test() -> None:
        answering = App(handler=app)
        async with rigged(answering) as rig:
            got = await rig.ask(post(b"half", path="/half").replace(b"Length: 4", b"Length: 9"))
            assert (got.status, got.one("connection")) == (200, "close")
            assert (await rig.ask(get("/next"))).status == 200
            assert (targets, answering.connections) == ([b"/half", b"/next"], 2)

    run(test())


def test_a_refusal_survives_the_body_that_nobody_reads() -> None:
    """The application answers and closes while the client still writes; writing then fails before reading."""

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge")
        await writer.drain()
        writer.close()

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            for _ in range(20):
                client = await rig.client()
                client.writer.write(post(b"x" * 3_000_000))
                got = await client.answer()
                assert (got.status, got.body) == (413, b"large")

    run(test())


def test_who_asks_is_passed_on() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            got = await rig.ask(get())
            (seen,) = app.seen
            assert seen.one("x-forwarded-for") == "127.0.0.1"
            assert seen.one("x-forwarded-proto") == "http"
            assert seen.one("x-forwarded-host") == "example.test"
            assert seen.one("forwarded") == 'for=127.0.0.1;host="example.test";proto=http'
            assert seen.one("x-request-id") == got.one("x-request-id") != ""
            await rig.ask(get("/", "X-Request-Id: abc-7"))
            await rig.ask(get("/", "X-Request-Id: bad id\t{}"))
            assert app.seen[1].one("x-request-id") == "abc-7"
            assert "bad" not in app.seen[2].one("x-request-id")

    run(test())


@pytest.mark.parametrize("trusted", [True, False])
def test_only_proxies_of_ours_are_believed(trusted: bool) -> None:
    from readiness_deploy.keeper.entry import Entry

    async def test() -> None:
        app = App()
        entry = Entry() if trusted else Entry(trusted=("10.0.0.0/8",))
        said = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6")
        async with rigged(app, entry=entry) as rig:
            await rig.ask(get("/", *said, "X_Forwarded_For: 9.9.9.9"))
            (seen,) = app.seen
            assert not seen.all("x_forwarded_for")
            assert seen.one("x-forwarded-for") == ("6.6.6.6, 127.0.0.1" if trusted else "127.0.0.1")
            assert seen.one("x-forwarded-proto") == ("https" if trusted else "http")
            assert seen.all("x-real-ip") == (["6.6.6.6"] if trusted else [])
            assert seen.one("forwarded").startswith("for=6.6.6.6, for=127" if trusted else "for=127")

    run(test())


def test_what_concerns_one_connection_stays_there() -> None:
    hops = b"Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
    answer = b"HTTP/1.1 200 OK\r\n" + hops + b"X-App: 1\r\nContent-Length: 2\r\n\r\nok"

    async def test() -> None:
        app = App(lambda _: answer)
        async with rigged(app) as rig:
            got = await rig.ask(get("/", "Connection: keep-alive, X-Mine", "X-Mine: 1", "Proxy: x", "X-Other: 1"))
            assert {name for name, _ in app.seen[0].headers} >= {"x-other"}
            assert not {name for name, _ in app.seen[0].headers} & {"x-mine", "connection", "proxy", "keep-alive"}
            assert got.one("x-app") == "1"
            assert not got.all("x-hop")
            assert not got.all("keep-alive")

    run(test())


def test_connection_cannot_name_what_http_needs() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            await rig.ask(post(b"hello", "Connection: content-length, host"))
            assert (app.seen[0].body, app.seen[0].one("host")) == (b"hello", "example.test")

    run(test())


def test_a_client_may_stop_speaking_and_listen() -> None:
    async def slow(seen: Seen) -> bytes:
        await asyncio.sleep(0.05)
        return OK

    async def test() -> None:
        async with rigged(App(slow)) as rig:
            client = await rig.client()
            await client.send(get())
            client.writer.write_eof()
            assert (await client.answer()).body == b"ok"
            assert await client.ended() == b""

    run(test())


def test_the_absolute_form_is_the_origin_form_of_its_host() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            await rig.ask(get("http://example.test/a?b"))
            await rig.ask(get("http://EXAMPLE.test?b"))
            assert [seen.target for seen in app.seen] == ["/a?b", "/?b"]

    run(test())


@pytest.mark.parametrize("chunked", [True, False])
def test_large_bodies_arrive_unchanged(chunked: bool) -> None:
    size, piece = 64 << 20, bytes(range(256)) * 512

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert (b"chunked" in head) is chunked
        digest, left = hashlib.sha256(), size
        while left:
            if chunked:
                left_here = int(await reader.readuntil(b"\r\n"), 16)
                digest.update(await reader.readexactly(left_here))
                await reader.readexactly(2)
                left -= left_here
            else:
                data = await reader.read(1 << 18)
                digest.update(data)
                left -= len(data)
        if chunked:
            assert await reader.readexactly(5) == b"0\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nX-Digest: %b\r\n" % digest.hexdigest().encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if chunked else b"")

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            coding = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
            await client.send(f"POST / HTTP/1.1\r\nHost: a\r\n{coding}\r\n\r\n".encode())
            for _ in range(size // len(piece)):
                await client.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await client.send(b"0\r\n\r\n" if chunked else b"")
            got = await client.answer()
            wanted = hashlib.sha256(piece * (size // len(piece))).hexdigest()
            assert got.one("x-digest") == wanted == hashlib.sha256(got.body).hexdigest()
            assert rig.board.counts("blue")["bytes_in"] == size

    run(test(), 300)
