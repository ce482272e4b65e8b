"""What two programs could read differently is refused, reaches no application, and ends the connection."""

from __future__ import annotations

import asyncio
import itertools
import re

import h11
import pytest
from readiness_deploy.keeper.bodies import Chunked, chunk, last_chunk
from readiness_deploy.keeper.http1 import Malformed

from keeper_data.rig import App, get, post, receive, rigged, run, until

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
TE = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED = {
    "length and chunks": (400, HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks and length": (400, HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    "the same length twice": (400, HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "a list of lengths": (400, HEAD + b"Content-Length: 5, 5\r\n\r\nhello"),
    "a length with a sign": (400, HEAD + b"Content-Length: +5\r\n\r\nhello"),
    "a negative length": (400, HEAD + b"Content-Length: -5\r\n\r\nhello"),
    "a hexadecimal length": (400, HEAD + b"Content-Length: 0x5\r\n\r\nhello"),
    "an empty length": (400, HEAD + b"Content-Length:\r\n\r\n"),
    "a length of many digits": (400, HEAD + b"Content-Length: " + b"0" * 30 + b"5\r\n\r\nhello"),
    "a length in foreign digits": (400, HEAD + b"Content-Length: \xd9\xa5\r\n\r\nhello"),
    "two codings": (501, HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked in a list": (501, HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "identity": (501, HEAD + b"Transfer-Encoding: identity\r\n\r\n"),
    "a hidden coding": (501, HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n".replace(b"\x0b", b"x")),
    "a vertical tab": (400, HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n"),
    "chunks from an old client": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a blank before the colon": (400, HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "a tab before the colon": (400, HEAD + b"Content-Length\t: 5\r\n\r\nhello"),
    "a folded line": (400, HEAD + b"X: a\r\n b\r\n\r\n"),
    "a folded first line": (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    "a bare line feed": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "bare line feeds only": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a bare carriage return": (400, b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
    "a NUL": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
    "a NUL in the target": (400, b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "a host with a blank": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "an empty host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "a host that is not the target's": (400, b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a host with a login": (400, b"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n"),
    "a target of another kind": (400, b"GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a star": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a fragment": (400, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two blanks": (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a tab for a blank": (400, b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no version": (400, b"GET /\r\nHost: a\r\n\r\n"),
    "another protocol": (400, b"GET / HTTQ/1.1\r\nHost: a\r\n\r\n"),
    "version 2": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "the preface of version 2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "version 1.2": (400, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    "a line without a colon": (400, HEAD + b"X\r\n\r\n"),
    "a line without a name": (400, HEAD + b": x\r\n\r\n"),
    "a name with a letter that is none": (400, HEAD + b"X\xc3\xa4: x\r\n\r\n"),
    "a blank in the target": (400, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a letter of many bytes in the target": (400, b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "connect": (501, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    "trace": (501, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an unknown expectation": (417, HEAD + b"Content-Length: 1\r\nExpect: a miracle\r\n\r\nx"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\n"),
}
BAD_CHUNKS = {
    "no size": TE + b"\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": TE + b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative size": TE + b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": TE + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with a blank before": TE + b" 5\r\nhello\r\n0\r\n\r\n",
    "a size with a blank after": TE + b"5 \r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": TE + b"1_0\r\nhello\r\n0\r\n\r\n",
    "a huge size": TE + b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "more than its size": TE + b"5\r\nhello!\r\n0\r\n\r\n",
    "a line feed after a size": TE + b"5\nhello\r\n0\r\n\r\n",
    "a line feed after a chunk": TE + b"5\r\nhello\n0\r\n\r\n",
    "a line feed in an extension": TE + b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": TE + b"5;a\0b\r\nhello\r\n0\r\n\r\n",
    "a long extension": TE + b"5;" + b"a" * 2000 + b"\r\nhello\r\n0\r\n\r\n",
    "a trailer that is none": TE + b"0\r\nX : 1\r\n\r\n",
    "long trailers": TE + b"0\r\n" + b"X: 1\r\n" * 2000 + b"\r\n",
}
AFTER = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_none_is_refused(name: str) -> None:
    status, data = REFUSED[name]

    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            said = await rig.raw(data + AFTER)
            assert said.startswith(b"HTTP/1.1 %d " % status), said
            assert len(re.findall(rb"HTTP/1\.1 \d", said)) == 1
            assert b"Connection: close" in said
            assert not app.seen
            assert app.connections == 0

    run(test())


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_chunks_that_are_none_are_refused(name: str) -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            said = await rig.raw(BAD_CHUNKS[name] + AFTER)
            assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), said
            assert len(re.findall(rb"HTTP/1\.1 \d", said)) == 1
            assert not app.seen

    run(test())


def test_many_tiny_chunks_with_long_extensions_are_refused() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            said = await rig.raw(TE + b"".join(b"1;%b\r\nx\r\n" % (b"a" * 900) for _ in range(200)) + b"0\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 400 "), said
            assert not app.seen

    run(test())


BAD_ANSWERS = {
    "garbage": b"hello\r\n\r\n",
    "a bare line feed": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok",
    "a change of protocol that nobody asked for": b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_is_none_is_a_fault_of_the_release(name: str) -> None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(BAD_ANSWERS[name])
        await writer.drain()

    async def test() -> None:
        async with rigged(App(handler=app)) as rig:
            client = await rig.client()
            got = await client.ask(get())
            assert got.status == 502
            assert rig.board.counts("blue")["no_answer"] == 1
            assert rig.board.window("blue", 60)["no_answer"] == 1
            assert (await client.ask(get())).status == 502, "the client's connection is as good as before"

    run(test())


def test_the_same_length_twice_is_one_length_in_answers() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"

    async def test() -> None:
        async with rigged(App(lambda _: answer)) as rig:
            got = await rig.ask(get())
            assert (got.body, got.all("content-length")) == (b"ok", ["2"])

    run(test())


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
)
def test_more_than_an_answer_is_no_answer_to_the_next_request(answer: bytes) -> None:
    async def test() -> None:
        app = App(lambda _: answer + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        async with rigged(app) as rig:
            for n in range(1, 4):
                assert bytes((await rig.ask(get())).body) in (b"", b"ok")
                assert app.connections == n, "a connection that said too much is not used again"

    run(test())


def test_an_answer_before_its_request_poisons_nobody() -> None:
    """An idle connection that says something is dropped."""

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await receive(reader, writer) is not None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
            await asyncio.sleep(0.002)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")

    async def test() -> None:
        early = App(handler=app)
        async with rigged(early) as rig:
            client = await rig.client()
            for _ in range(20):
                assert (await client.ask(get())).body == b"ok"
                await until(lambda: not early.open)

    run(test())


# The reader of chunks by itself, against h11 and against each way to split.


def _read(data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    body, content, edges = Chunked(), b"", [0, *sorted(cuts), len(data)]
    rest = b""
    for start, end in itertools.pairwise(edges):
        if body.done:
            rest += data[start:end]
        else:
            content += body.feed(data[start:end])
            rest = body.rest
    if not body.done:
        raise Malformed("not over")
    return content, rest


def test_chunks_read_the_same_however_they_are_split() -> None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
    extension = st.sampled_from([b"", b";a", b";a=b", b' ; a="x y"'])

    @settings(max_examples=300, deadline=None)
    @given(pieces, extension, st.lists(st.integers(0, 400), max_size=8), st.binary(max_size=20), st.booleans())
    def property(pieces: list[bytes], ext: bytes, cuts: list[int], after: bytes, trailed: bool) -> None:
        data = b"".join(b"%x%b\r\n%b\r\n" % (len(p), ext, p) for p in pieces)
        data += b"0\r\n" + (b"X-T: 1\r\n" if trailed else b"") + b"\r\n" + after
        assert _read(data, [c for c in cuts if c < len(data)]) == (b"".join(pieces), after)

    property()


def test_what_is_read_as_chunks_is_read_so_by_others() -> None:
    """Where this reader and h11 both find content in mutilated chunks, it is the same."""
    from hypothesis import given, settings
    from hypothesis import strategies as st

    good = b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: 1\r\n\r\n"
    spoil = st.tuples(
        st.integers(0, len(good)),
        st.integers(0, 2),
        st.sampled_from([b"", b"\n", b"\r", b"0", b"5", b";", b" ", b"\0", b"x", b"\r\n"]),
    )

    @settings(max_examples=1500, deadline=None)
    @given(st.lists(spoil, min_size=1, max_size=3))
    def property(spoils: list[tuple[int, int, bytes]]) -> None:
        data = good
        for at, gone, put in spoils:
            data = data[:at] + put + data[at + gone :]
        try:
            content, _ = _read(data, [])
        except Malformed:
            return
        machine = h11.Connection(h11.SERVER)
        machine.receive_data(TE + data)
        other = b""
        try:
            while not isinstance(event := machine.next_event(), h11.EndOfMessage):
                assert event is not h11.NEED_DATA, f"h11 waits for more than {data!r}"
                other += bytes(event.data) if isinstance(event, h11.Data) else b""
        except h11.RemoteProtocolError:
            return  # who refuses reads nothing else into it
        assert content == other

    property()


def test_chunks_written_are_chunks_read() -> None:
    assert _read(chunk(b"hello") + chunk(b"") + chunk(b"!") + last_chunk([b"X: 1"]) + b"rest", []) == (
        b"hello!",
        b"rest",
    )


def test_a_good_request_after_a_good_one_is_no_smuggling() -> None:
    async def test() -> None:
        app = App()
        async with rigged(app) as rig:
            client = await rig.client()
            await client.send(post(b"GET /smuggled HTTP/1.1\r\n\r\n") + b"\r\n" + get("/next"))
            assert (await client.answer()).status == (await client.answer()).status == 200
            assert [seen.target for seen in app.seen] == ["/", "/next"]

    run(test())
