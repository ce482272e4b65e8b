"""What gates say by the keeper's counts: hostile clients have no good release taken back, and no bad one is kept."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from readiness_deploy.gates.probe import Found, Outside
from readiness_deploy.gates.traffic import TrafficProbe
from readiness_deploy.keeper.entry import Entry
from readiness_deploy.keeper.traffic import Traffic
from readiness_deploy.ports import Subject, Verdict
from readiness_deploy.record import Release

from keeper_data.rig import LONGEST, OK, App, Rig, get, post, rigged, run, until
from readiness.config.deploy import TrafficGate

_SLOW = 2.0
_GATE = TrafficGate(max_error_ratio=0.01, max_latency=_SLOW, quantile=0.95, min_requests=20, window=60)
_SUBJECT = Subject(release=Release(id="r-1", version="1"), colour="blue", before=False, duration=60)
_SURE = b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_LATE = b"HTTP/1.1 408 Late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
_WEBSOCKET = get("/ws", "Upgrade: websocket", "Connection: Upgrade")
_UPLOAD = post(b"", path="/upload").replace(b"Length: 0", b"Length: 1000000")

Conduct = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _verdict(rig: Rig) -> Verdict:
    outside = Outside(traffic=rig.board.window, variables={}, folder=Path("/"))
    return TrafficProbe(_GATE, _SUBJECT, outside, 60).look().verdict


def _release(conduct: Conduct) -> App:
    """A release that behaves so at a plain GET, as it should to a websocket, and gives up on an upload after 2.5 s."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /ws"):
                writer.write(_SURE)
                await reader.readexactly(1)
                writer.write(b"\x88\x02\x03\xea")  # the frame was bad
                return
            if head.startswith(b"POST"):
                try:
                    await asyncio.wait_for(reader.readexactly(1_000_000), _SLOW + 0.5)
                except TimeoutError:
                    writer.write(_LATE)
                    return
            await conduct(writer)

    return App(handler=handle)


def test_a_request_without_an_answer_is_slower_than_every_other() -> None:
    """Of 100 the 95th is looked for, and 96 were answered: it is at their quantile 0.99, not at 0.95."""
    counts = {"n": 100, "errors": 0, "no_answer": 4, "max": 3.0, "quantiles": {"0.95": 0.1, "0.98": 2.5, "0.99": 2.9}}
    gate = TrafficGate(max_latency=_SLOW, quantile=0.95, min_requests=20)
    found = TrafficProbe(gate, _SUBJECT, Outside(traffic=lambda *_: counts, variables={}), 60).look()
    assert (found.verdict, found.value) == (Verdict.FAIL, 2.5)


def _latency(waits: list[float], *, left: list[float], fast: int = 94, slow: int = 6) -> Found:
    """What is said of so many answers after 0.05 s and 3 s, of those who wait now, and who left while they did."""
    traffic = Traffic(lambda: 100.5)
    for seconds in [0.05] * fast + [3.0] * slow:
        traffic.answered(200, seconds)
    for wait in left:
        traffic.abandoned(wait)
    gate = TrafficGate(max_latency=_SLOW, quantile=0.95, min_requests=20)
    outside = Outside(traffic=lambda _, window: traffic.window(window, waits=waits), variables={})
    return TrafficProbe(gate, _SUBJECT, outside, 60).look()


@pytest.mark.parametrize("wait", [0.01, 1.9])
@pytest.mark.parametrize("leaves", [True, False])
def test_short_waits_help_no_slow_release(leaves: bool, wait: float) -> None:
    """A client that leaves at once, or came just now, is no fast answer."""
    short = [wait] * 500
    waits, left = ([], short) if leaves else (short, [])
    assert _latency(waits, left=left).verdict is Verdict.FAIL
    assert _latency(waits, left=left, fast=96, slow=4).verdict is Verdict.PASS
    assert _latency(waits, left=left, fast=0, slow=0).verdict is Verdict.INCONCLUSIVE


def test_long_waits_are_slow_and_are_told_with_those_without_an_answer() -> None:
    found = _latency([9.0] * 10, left=[4.0] * 10, fast=0, slow=0)
    assert (found.verdict, found.why) == (Verdict.FAIL, "0 of 20 did not answer, 20 have waited longer than 2 s")
    assert _latency([9.0] * 2, left=[4.0] * 2, fast=100, slow=0).verdict is Verdict.PASS
    assert _latency([9.0] * 3, left=[4.0] * 3, fast=100, slow=0).verdict is Verdict.FAIL


async def _well(writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


async def _honest(rig: Rig, number: int) -> None:
    for _ in range(number):
        await rig.ask(get())


async def _stall(rig: Rig) -> None:
    client = await rig.client()
    await client.send(_UPLOAD + b"abc")
    await client.ended()


async def _wait_to_be_told(rig: Rig) -> None:
    client = await rig.client()
    await client.send(_UPLOAD[:-2] + b"Expect: 100-continue\r\n\r\n")
    await client.ended()


async def _talk_badly(rig: Rig) -> None:
    client = await rig.client()
    await client.send(_WEBSOCKET)
    await client.reader.readuntil(b"\r\n\r\n")
    try:
        await client.send(b"\xff" * 2_000_000)
        await client.ended()
    except ConnectionError:
        pass


async def _leave_at_once(rig: Rig) -> None:
    client = await rig.client()
    await client.send(get())
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    client.writer.transport.abort()


async def _leave_its_upload(rig: Rig) -> None:
    client = await rig.client()
    await client.send(_UPLOAD + b"abc")
    client.close()


async def _talk_nonsense(rig: Rig) -> None:
    await rig.raw(b"nonsense\r\n\r\n")


@pytest.mark.parametrize(
    "hostile", [_stall, _wait_to_be_told, _talk_badly, _leave_at_once, _leave_its_upload, _talk_nonsense]
)
def test_hostile_clients_have_no_good_release_taken_back(hostile: Callable[[Rig], Awaitable[None]]) -> None:
    async def test() -> None:
        async with rigged(_release(_well), entry=Entry(timeout=20)) as rig:
            await asyncio.gather(_honest(rig, 25), *(hostile(rig) for _ in range(10)))
            await until(lambda: not rig.board.in_flight("blue"))
            assert _verdict(rig) is Verdict.PASS, rig.board.window("blue", 60)

    run(test())


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(LONGEST)


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _fail(writer: asyncio.StreamWriter) -> None:
    writer.write(OK.replace(b"200 OK", b"500 No"))


async def _dawdle(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(_SLOW + 0.5)
    writer.write(OK)


async def _break_off(writer: asyncio.StreamWriter) -> None:
    writer.write(OK.replace(b"Length: 2", b"Length: 9"))
    await writer.drain()
    writer.close()


async def _talk_no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"nonsense\r\n\r\n")


@pytest.mark.parametrize("bad", [_hang, _reset, _close, _fail, _dawdle, _break_off, _talk_no_http])
def test_no_bad_release_is_kept_for_what_it_does_answer(bad: Conduct) -> None:
    asked = 0

    async def sometimes(writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await (_well if asked % 4 else bad)(writer)

    async def test() -> None:
        async with rigged(_release(sometimes), entry=Entry(timeout=LONGEST)) as rig:
            rig.goes_by(asyncio.get_running_loop())  # a pause makes a bad release no better
            # All ask at once. One after the other they would share connections, and be repeated where one is lost.
            for client in [await rig.client() for _ in range(40)]:
                client.writer.write(get())
            await until(lambda: _verdict(rig) is Verdict.FAIL)
            rig.board.cut("blue")

    run(test())
