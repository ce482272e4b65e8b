"""What the readiness probe takes for ready: a good answer, as the keeper itself would carry it."""

from __future__ import annotations

import asyncio

import pytest
from keeper_data.rig import few_files
from readiness_deploy.keeper.probe import probe

from keeper.rig import LONG

OK = b"HTTP/1.1 200 OK\r\n"


async def _asked(answer: bytes, closes: bool, within: float) -> str | None:
    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not closes:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(app, "127.0.0.1", 0)
    async with server:
        return await probe(server.sockets[0].getsockname()[1], "/ready", within)


@pytest.mark.parametrize(
    ("answer", "closes", "why"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", True, ""),
        (OK + b"Content-Length: 2\r\n\r\nok", False, ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False, ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, ""),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", False, ""),
        (b"HTTP/1.0 200 OK\r\n\r\nok", True, ""),
        (OK + b"\r\nok", False, "within 0.5 s"),
        (OK + b"Content-Length: 3\r\n\r\nok", True, "ends before its length"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", False, "answered with 503"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", False, "answered with 302"),
        (b"220 mail\r\n\r\n", True, "not answered in HTTP/1.1"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nok", True, "not answered in HTTP/1.1"),
        (b"HTTP/1.1 200", True, "ends after 12 bytes of its head"),
        (b"", True, "ends after 0 bytes of its head"),
        (OK + b"X: " + b"x" * 70_000, False, "is longer than 65536 bytes"),
    ],
)
def test_what_is_ready(answer: bytes, closes: bool, why: str) -> None:
    said = asyncio.run(_asked(answer, closes, 0.5 if why == "within 0.5 s" else LONG))
    assert said is not None
    assert why in said
    assert bool(said) == bool(why)


def test_what_could_not_be_asked_is_not_unready() -> None:
    async def asked() -> str | None:
        with few_files(0):
            return await probe(1, "/ready", 10)

    assert asyncio.run(asked()) is None
