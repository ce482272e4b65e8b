"""A slot by itself, where its steps are to be put in a certain order."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from readiness_deploy.keeper.around import Surrounding
from readiness_deploy.keeper.aside import Running
from readiness_deploy.keeper.board import Board
from readiness_deploy.keeper.colourlog import rotate
from readiness_deploy.keeper.ending import gone, sweep
from readiness_deploy.keeper.folder import Folder
from readiness_deploy.keeper.probe import claimed, taken
from readiness_deploy.keeper.processes import Processes, alive, identity, marked
from readiness_deploy.keeper.slot import Slot
from readiness_deploy.ports import Standing

from keeper.rig import LONG, release


def around(root: Path) -> Surrounding:
    folder = Folder(root)
    folder.make()
    return Surrounding(
        folder=folder,
        processes=Processes(),
        board=Board(),
        own=os.environ,
        note=lambda *_, **__: None,
        changed=lambda: None,
        serving=lambda _: False,
        told=lambda _: None,
    )


@pytest.mark.parametrize("hops", range(16))
def test_a_probe_that_is_answered_while_the_colour_is_stopped_changes_nothing(tmp_path: Path, hops: int) -> None:
    """The answer arrives so many turns of the event loop before the stop: one of them is the turn in between."""

    async def play() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        endings: list[asyncio.Task[None] | None] = []
        slot = Slot("blue", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"]))
        while slot.running is None:
            await asyncio.sleep(0.001)

        def stop(left: int) -> None:
            if left:
                loop.call_soon(stop, left - 1)
            elif not over.is_set():
                endings.append(slot.stop())
                over.set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            stop(hops)

        async with await asyncio.start_server(answer, "127.0.0.1", slot.running.port):
            await over.wait()
            assert endings[0] is not None
            await endings[0]
        assert slot.standing is Standing.ABSENT
        assert list(marked(tmp_path)) == []

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_one_that_does_not_end_in_its_time_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(Board):
        async def drained(self, *_: object) -> int:
            await asyncio.Event().wait()
            return 0

    monkeypatch.setattr("readiness_deploy.keeper.slot._SWEPT", 0.2)

    async def play() -> None:
        slot = Slot("blue", replace(around(tmp_path), board=Stuck()))
        slot.start(release("v1", command=["sleep", "60"], stop={"drain": 0.1, "grace": 0.1}))
        while slot.running is None:
            await asyncio.sleep(0.001)
        slot.start(release("v2"))
        assert (slot.view().standing, slot.view().release) == (Standing.STOPPING, "v1")
        while slot.view().standing is Standing.STOPPING:
            await asyncio.sleep(0.01)
        view = slot.view()
        assert (view.standing, view.release, view.ready) == (Standing.STARTING, "v2", False)
        assert "release v1 is still ending here" in view.why
        slot.abandon()
        os.killpg(slot.running.identity.pid, signal.SIGKILL)

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_nothing_stands_still_while_a_log_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as a disk may take for it: here, until the event loop goes on."""
    going_on = threading.Event()
    monkeypatch.setattr("readiness_deploy.keeper.slot.rotate", lambda _: going_on.wait(LONG))

    async def play() -> None:
        slot = Slot("blue", around(tmp_path))
        asyncio.get_running_loop().call_soon(going_on.set)
        await slot.trim()
        assert going_on.is_set()

    asyncio.run(play())


def test_of_a_line_that_is_longer_than_a_log_may_be_the_end_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "blue.log"
    log.write_bytes(b"a" * 100 + b"b" * (8 << 20))
    assert rotate(log)
    assert (tmp_path / "blue.log.1").read_bytes() == b"b" * (8 << 20)
    assert log.read_bytes() == b""


@contextmanager
def no_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_lives_is_not_taken_for_dead_where_no_descriptor_is_left_to_look(tmp_path: Path) -> None:
    async def play() -> None:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        known = identity(child.pid)
        assert known is not None
        with no_descriptors():
            lives, ending = alive(known), asyncio.create_task(gone(known))
            swept = asyncio.create_task(sweep(Processes(), tmp_path, known, "none", lambda *_, **__: None))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert (lives, ending.done(), swept.done()) == (True, False, False)
        await asyncio.gather(ending, swept)
        assert child.wait(LONG) == -signal.SIGKILL
        assert not alive(known)

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_a_colour_that_nobody_could_ask_stands_as_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: str | None = ""
    asked = 0

    async def probe(*_: object) -> str | None:
        nonlocal asked
        asked += 1
        return said

    monkeypatch.setattr("readiness_deploy.keeper.slot.probe", probe)

    async def play() -> None:
        nonlocal said
        slot = Slot("blue", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"], ready={"interval": 0.001, "failures": 1}))
        while slot.standing is not Standing.READY:
            await asyncio.sleep(0.001)
        said, before = None, asked
        while asked < before + 5:
            await asyncio.sleep(0.001)
        view = slot.view()
        assert (view.standing, view.why) == (Standing.READY, "")
        assert view.streak == view.probes >= 1
        said = "it answers badly"
        while slot.standing is Standing.READY:
            await asyncio.sleep(0.001)
        said, before = None, asked
        while asked < before + 5:
            await asyncio.sleep(0.001)
        assert (slot.view().standing, slot.view().why) == (Standing.UNREADY, "it answers badly")
        ending = slot.stop()
        assert ending is not None
        await ending

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_one_that_nobody_could_ask_does_not_come_up_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe(*_: object) -> None:
        return None

    monkeypatch.setattr("readiness_deploy.keeper.slot.probe", probe)

    async def play() -> None:
        slot = Slot("blue", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"], ready={"interval": 0.01, "within": 0.1}))
        while slot.standing is not Standing.DEAD or "ended" not in slot.view().why:
            await asyncio.sleep(0.001)
        view = slot.view()
        assert "it was not ready within 0.1 s: nobody could ask it: this machine lacks descriptors" in view.why
        assert view.probes == 0

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_a_time_in_which_nobody_could_ask_is_no_time_of_readiness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: str | None = ""

    async def probe(*_: object) -> str | None:
        return said

    monkeypatch.setattr("readiness_deploy.keeper.slot.probe", probe)

    async def play() -> None:
        nonlocal said
        slot = Slot("blue", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"], ready={"interval": 0.001}))
        while slot.standing is not Standing.READY:
            await asyncio.sleep(0.001)
        slot._ready_since -= 3600
        assert slot.view().ready_for > 1800
        said = None
        while slot.view().ready_for > 1800:
            await asyncio.sleep(0.001)
        assert slot.view().ready
        ending = slot.stop()
        assert ending is not None
        await ending

    asyncio.run(asyncio.wait_for(play(), LONG))


@pytest.fixture
def own_port() -> Iterator[int]:
    """A port that is free, from a range from which no keeper gives any. Other tests of this machine, which look for one
    at the same moment, find by its name that it is given away."""
    for port in random.sample(range(32_100, 32_700), 600):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as kept, suppress(OSError):
            kept.bind(b"\0readiness-own-port-%d" % port)
            if not taken(port):
                yield port
                return
    pytest.fail("no port is free")


async def begun(slot: Slot) -> None:
    """Wait until it has a process."""
    while slot.running is None:
        assert slot.standing is not Standing.DEAD, slot.view().why
        await asyncio.sleep(0.001)


def test_the_port_of_a_colour_is_given_to_no_other_before_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_port: int
) -> None:
    for name in ("_FIRST_PORT", "_LAST_PORT"):
        monkeypatch.setattr(f"readiness_deploy.keeper.probe.{name}", own_port)

    async def play() -> None:
        slot, other = Slot("blue", around(tmp_path)), Slot("green", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"]))
        await begun(slot)
        other.start(release("v2", command=["sleep", "60"]))
        while other.standing is not Standing.DEAD:
            await asyncio.sleep(0.001)
        assert "it cannot be started: no free port" in other.view().why
        ending = slot.stop()
        assert ending is not None
        await ending
        other.start(release("v2", command=["sleep", "60"]))
        await begun(other)
        ending = other.stop()
        assert ending is not None
        await ending

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_a_port_stays_claimed_while_the_process_lives_that_may_yet_listen_there(tmp_path: Path) -> None:
    async def play() -> None:
        first, later = Slot("blue", around(tmp_path)), Slot("blue", around(tmp_path))
        command = ["sh", "-c", "trap '' TERM; : > deaf; while :; do sleep 0.1; done"]
        first.start(release("v1", command=command, folder=str(tmp_path), stop={"drain": 0, "grace": 0.5}))
        while not (tmp_path / "deaf").exists():
            await asyncio.sleep(0.001)
        running = first.running
        assert running is not None
        assert claimed(running.port) is None
        first.abandon()
        with claimed(running.port) or pytest.fail("who has abandoned a colour holds its port"):
            pass
        assert later.adopt(running)
        assert claimed(running.port) is None
        ending = later.stop()
        while alive(running.identity):
            assert claimed(running.port) is None or not alive(running.identity)
            await asyncio.sleep(0.001)
        assert ending is not None
        await ending
        with claimed(running.port) or pytest.fail("nobody needs it any more"):
            pass

    asyncio.run(asyncio.wait_for(play(), LONG))


def test_a_bad_answer_begins_the_time_of_readiness_anew(tmp_path: Path) -> None:
    slot = Slot("blue", around(tmp_path))
    slot._standing, slot._ready_since = Standing.READY, time.monotonic() - 3600
    slot._answer_badly("it answered 503", 3)
    assert slot.view().ready
    assert slot.view().ready_for < 1800


def test_how_often_a_release_was_started_outlives_the_worker(tmp_path: Path) -> None:
    async def play() -> None:
        process = subprocess.Popen(["sleep", "600"])
        known = identity(process.pid)
        assert known is not None
        slot = Slot("blue", around(tmp_path))
        left = Running(release=release("v1"), identity=known, port=1, instance="x", restarts=2, served=True, log_from=0)
        assert slot.adopt(left)
        assert slot.view().restarts == 2
        slot.abandon()
        process.kill()
        process.wait()

    asyncio.run(play())
