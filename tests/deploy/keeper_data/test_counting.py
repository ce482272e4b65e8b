"""What is counted is so: in windows, in the mapped file, in the access log."""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from readiness_deploy.keeper.entry import BadEntry, Entry, Peers, Tls, entry_from
from readiness_deploy.keeper.shared import Shared
from readiness_deploy.keeper.traffic import Latencies, Traffic

from keeper_data.certificates import certificate
from keeper_data.rig import LONGEST, OK, App, Seen, get, post, receive, rigged, run, until
from readiness.config.deploy import EntrySettings


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_quantiles_are_those_of_the_values() -> None:
    chance = random.Random(7)  # noqa: S311 (no secret)
    values = sorted(chance.lognormvariate(-5, 1.5) for _ in range(10_000))
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    for share, found in latencies.quantiles([0.01, 0.5, 0.95, 0.99, 0.999]).items():
        exact = values[max(0, -(-int(share * 1e6) * len(values) // 10**6) - 1)]
        assert found == pytest.approx(exact, rel=1 / 64), share
    assert latencies.quantiles([1.0])[1.0] == pytest.approx(values[-1], rel=1 / 64)


@pytest.mark.parametrize("seconds", [0.0, 0.000001, 0.00005, 0.000127, 0.000128, 0.000129, 1.0, 59.9, 3600.0])
def test_one_value_is_each_quantile(seconds: float) -> None:
    latencies = Latencies()
    latencies.add(seconds)
    assert latencies.quantiles([0.5])[0.5] == pytest.approx(seconds, rel=1 / 64, abs=1e-6)


def test_a_window_forgets() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    traffic.answered(200, 0.1)
    clock.now += 5
    traffic.answered(503, 0.2)
    traffic.answered(404, 0.3)
    traffic.unanswered(begun=False)
    traffic.unanswered(begun=True)
    traffic.abandoned(None)
    near, far = traffic.window(3), traffic.window(10)
    assert (near["n"], near["errors"], near["no_answer"]) == (4, 1, 2)
    assert (far["n"], far["errors"], far["no_answer"]) == (5, 1, 2)
    assert far["p50"] == pytest.approx(0.2, rel=0.02)
    assert far["max"] == 0.3
    clock.now += 3602
    assert traffic.window(3600)["n"] == 0
    assert traffic.window(10)["p99"] is None
    counts = traffic.counts()
    assert (counts["requests"], counts["no_answer"], counts["cut"], counts["left"]) == (6, 1, 1, 1)


def test_old_seconds_are_given_up() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    for _ in range(5000):
        clock.now += 1
        traffic.answered(200, 0.1)
    assert len(traffic._seconds) <= 3601
    assert traffic.window(3600)["n"] in (3600, 3601)


_WORKER = """
import sys, time
from pathlib import Path
from readiness_deploy.keeper.shared import Shared
shared = Shared(Path(sys.argv[1]))
for colour in ("blue", "blue", "green", "blue"):
    shared.enter(colour)
shared.leave("blue")
print("ready", flush=True)
time.sleep(3600)
"""


def _worker(path: Path) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, str(path)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert select.select([worker.stdout], [], [], 120)[0]
    assert worker.stdout.readline() == b"ready\n"
    return worker


def test_what_a_kill_cuts_is_known_afterwards(tmp_path: Path) -> None:
    worker = _worker(tmp_path / "inflight")
    beside = Shared(tmp_path / "inflight")
    assert beside.dead == (), "who lives is not collected"
    os.kill(worker.pid, signal.SIGKILL)
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # dead, and not waited for: a zombie counts as dead
    after = Shared(tmp_path / "inflight")
    (dead,) = after.dead
    assert (dead.process, dead.blue, dead.green, dead.cut) == (worker.pid, 2, 1, 3)
    assert Shared(tmp_path / "inflight").dead == (), "it is told once"
    worker.communicate()


def test_who_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "inflight")
    shared.enter("blue")
    shared.close()
    assert Shared(tmp_path / "inflight").dead == ()


@pytest.mark.parametrize("garbage", [b"", b"x" * 10, b"x" * 100_000])
def test_a_file_that_is_none_is_made_anew(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "inflight"
    path.write_bytes(garbage)
    shared = Shared(path)
    shared.enter("green")
    assert (shared.dead, shared.in_flight("green")) == ((), 1)
    assert Shared(path).dead == ()


def test_the_proxy_tells_of_those_whom_a_kill_cut(tmp_path: Path) -> None:
    from readiness_deploy.keeper.board import Board
    from readiness_deploy.keeper.proxy import Proxy

    worker = _worker(tmp_path / "inflight")
    worker.kill()
    worker.communicate()
    notes: list[tuple[str, dict[str, object]]] = []
    few = Entry(connections=1)  # as many as every machine has descriptors for
    Proxy(Board(), few, Shared(tmp_path / "inflight"), lambda what, **details: notes.append((what, details)))
    ((what, details),) = notes
    assert what == "requests cut"
    assert (details["blue"], details["green"]) == (2, 1)


def test_the_access_log_has_a_line_for_each_request_and_no_query(tmp_path: Path) -> None:
    path = tmp_path / "access.log"

    async def test() -> None:
        app = App(lambda _: b"HTTP/1.1 201 Made\r\nContent-Length: 4\r\n\r\nbody")
        async with rigged(app, entry=Entry(access_log=str(path))) as rig:
            await rig.ask(post(b"hello", "X-Request-Id: mine", path="/pay?token=hunter2"))
            await rig.raw(b"nonsense hunter2\r\n\r\n")
            rig.board.point(None)
            await rig.ask(get("/later"))

    run(test())
    assert "hunter2" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    first, refused, unserved = map(json.loads, path.read_text().splitlines())
    assert {name: value for name, value in first.items() if name not in ("at", "client", "seconds", "release")} == {
        "method": "POST", "path": "/pay", "status": 201, "outcome": "answered", "received": 5, "sent": 4,
        "colour": "blue", "id": "mine",
    }  # fmt: skip
    assert (refused["status"], refused["outcome"]) == (400, "refused")
    assert (unserved["status"], unserved["outcome"], unserved["colour"]) == (503, "unserved", "")


def test_a_log_that_cannot_be_written_costs_no_request(tmp_path: Path) -> None:
    async def test() -> None:
        async with rigged(App(), entry=Entry(access_log=str(tmp_path / "no" / "folder"))) as rig:
            assert (await rig.ask(get())).status == 200
            await until(lambda: "access log failed" in [what for what, _ in rig.notes])
            (tmp_path / "no").mkdir()
            assert (await rig.ask(get())).status == 200
            await until(lambda: "access log works" in [what for what, _ in rig.notes])

    run(test())


def test_latency_is_the_time_to_the_first_byte_after_the_whole_request() -> None:
    async def test() -> None:
        def slow(seen: Seen) -> bytes:
            rig.clock.now += 0.1
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

        async with rigged(App(slow)) as rig:
            client = await rig.client()
            await client.send(post(b"x")[:-1])
            await until(lambda: rig.board.in_flight("blue"))
            rig.clock.now += 1
            await client.ask(b"x")
            seen = rig.board.window("blue", 60)
            assert seen["n"] == 1
            assert 0.09 < seen["p50"] < 0.99

    run(test())


def test_statuses_of_the_release_are_told_from_silence() -> None:
    async def test() -> None:
        app = App(lambda seen: b"HTTP/1.1 %b X\r\nContent-Length: 0\r\n\r\n" % seen.target[1:].encode())
        async with rigged(app) as rig:
            for status in ("200", "302", "404", "500", "503", "999"):
                await rig.ask(get(f"/{status}"))
            seen = rig.board.window("blue", 60)
            assert (seen["n"], seen["errors"], seen["no_answer"]) == (6, 3, 0)

    run(test())


def test_settings_become_an_entry() -> None:
    settings = EntrySettings.model_validate(
        {"listen": "127.0.0.1:1", "tls": {"certificate": "c", "key": "k"}, "body": 7, "access-log": "x"}
    )
    for dump in (settings.model_dump(by_alias=True), settings.model_dump()):
        entry = entry_from(dump)
        assert (entry.tls, entry.body, entry.access_log) == (Tls(certificate="c", key="k"), 7, "x")
    with pytest.raises(BadEntry, match="carrier: wanted one of keeper, haproxy, found `pigeon`"):
        entry_from({"carrier": "pigeon"})
    plain = entry_from(EntrySettings().model_dump())
    assert plain == Entry()


def test_peers_of_ours() -> None:
    peers = Peers(("10.0.0.0/8", "::1/128"))
    assert [peers.trusted(a) for a in ("10.1.2.3", "::ffff:10.1.2.3", "::1", "11.0.0.1", "unix", "10.1.2.3")] == [
        True, True, True, False, False, True,
    ]  # fmt: skip
    with pytest.raises(BadEntry, match="trusted"):
        Peers(("nonsense",))


def test_who_waits_is_in_no_quantile_and_is_no_request_that_is_over() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    for _ in range(10):
        traffic.answered(200, 0.01)
    traffic.answered(408, None)
    for _ in range(5):
        traffic.abandoned(3.0)
    traffic.abandoned(None)
    traffic.unanswered(begun=False)
    seen = traffic.window(10, waits=[7.0] * 5)
    assert (seen["n"], seen["no_answer"], seen["waiting"], seen["timed"]) == (12, 1, 10, 10)
    assert seen["p50"] == seen["quantiles"]["0.999"] == pytest.approx(0.01, rel=0.02)
    assert seen["max"] == 0.01
    assert seen["waits"] == [[pytest.approx(3, rel=0.02), 5], [pytest.approx(7, rel=0.02), 5]]
    assert traffic.window(10)["waits"] == [[pytest.approx(3, rel=0.02), 5]]
    clock.now += 20
    later = traffic.window(10, waits=[7.0])
    assert (later["waiting"], later["timed"], later["p50"]) == (1, 0, None)
    assert (traffic.window(10)["waiting"], traffic.window(10)["waits"]) == (0, [])


def test_waits_are_what_they_can_be_at_least_and_not_many_however_many_wait() -> None:
    chance = random.Random(7)  # noqa: S311 (no secret)
    for wait in (0.0, 0.000127, 0.000128, 0.000129, 0.5, 0.504, 3600.0):
        ((least, many),) = Traffic(Clock()).window(10, waits=[wait])["waits"]
        assert (least <= wait, many) == (True, 1)
        assert least == pytest.approx(wait, rel=1 / 64)
    waits = Traffic(Clock()).window(10, waits=[10 ** chance.uniform(-6, 3.55) for _ in range(50_000)])["waits"]
    assert sum(many for _, many in waits) == 50_000
    assert len(waits) < 2000


@pytest.mark.parametrize("leaves", [False, True])
def test_a_release_that_hangs_is_seen_while_it_hangs(leaves: bool, tmp_path: Path) -> None:
    """Whether its clients wait or give up. On TLS a client's end is heard at once, on plain TCP it may still listen."""
    tls = certificate(tmp_path, 1) if leaves else None
    trusting = ssl.create_default_context(cafile=tls.certificate) if tls else None
    options = {"ssl": trusting, "server_hostname": "entry.test"} if tls else {}

    async def maybe(seen: Seen) -> bytes:
        if seen.target == "/hang":
            await asyncio.sleep(LONGEST)
        return OK

    async def test() -> None:
        app = App(maybe)
        async with rigged(app, entry=Entry(tls=tls)) as rig:
            for _ in range(5):
                await (await rig.client(**options)).ask(get())
            hung = [await rig.client(**options) for _ in range(5)]
            for client in hung:
                await client.send(get("/hang"))
            await until(lambda: sum(many for least, many in rig.board.window("blue", 60)["waits"] if least > 1) == 5)
            if leaves:
                for client in hung:
                    client.close()
                await until(lambda: rig.board.counts("blue")["left"] == 5)
            seen = rig.board.window("blue", 60)
            assert (seen["n"], seen["no_answer"], seen["waiting"], seen["timed"]) == (5, 0, 5, 5)
            assert sum(many for least, many in seen["waits"] if least > 0.9) == 5
            await app.stop()

    run(test())


def test_who_leaves_during_an_answer_waited_for_nothing() -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader, writer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun")
        while True:
            await asyncio.sleep(0.01)
            writer.write(b"x")
            await writer.drain()

    async def test() -> None:
        app = App(handler=begin)
        async with rigged(app) as rig:
            client = await rig.client()
            await client.send(get())
            await client.reader.readuntil(b"begun")
            assert rig.board.window("blue", 60)["waiting"] == 0
            client.writer.transport.abort()
            await until(lambda: rig.board.counts("blue")["left"] == 1)
            seen = rig.board.window("blue", 60)
            assert (seen["waiting"], seen["timed"], seen["n"]) == (0, 0, 0)

    run(test())


def test_a_clients_own_slowness_is_no_latency_of_the_release() -> None:
    """It stalls its body, until the application has enough of it. Nor does it wait for anything meanwhile."""

    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await enough.wait()
        writer.write(b"HTTP/1.1 408 Late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    enough = asyncio.Event()

    async def test() -> None:
        async with rigged(App(handler=impatient)) as rig:
            client = await rig.client()
            await client.send(post(b"body")[:-1])
            await until(lambda: rig.board.in_flight("blue"))
            assert rig.board.window("blue", 60)["waiting"] == 0
            enough.set()
            assert (await client.answer("POST")).status == 408
            seen = rig.board.window("blue", 60)
            assert (seen["n"], seen["errors"], seen["no_answer"], seen["timed"], seen["p95"]) == (1, 0, 0, 0, None)

    run(test())
