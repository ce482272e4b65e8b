"""Commands whose client gave up, and keepers that are asked while they begin or end."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.client import Unreachable, ask
from readiness_deploy.keeper.folder import short_address
from readiness_deploy.keeper.start import is_ending, start, status, stop

from keeper.rig import LONG, until


def test_a_command_whose_client_gave_up_is_not_carried_out_later(serving: Any) -> None:
    worker, generation = serving.about()["worker_pid"], serving.record().generation
    said = []
    os.kill(worker, signal.SIGSTOP)
    try:
        for do, more in (("shutdown", {}), ("freeze", {"reason": "no", "owner": "nobody"})):
            with pytest.raises(Unreachable) as fault:
                ask(serving.state, do, within=0.1, **more)
            said.append(str(fault.value))
    finally:
        os.kill(worker, signal.SIGCONT)
    for _ in range(2):  # the first answer may come before the turn of what was asked earlier
        assert serving.about()["worker_pid"] == worker
    assert serving.record().generation == generation
    assert '"worker leaves"' not in serving.journal()
    assert all("whether it was carried out is not known" in one for one in said)


def test_a_client_that_will_say_no_more_is_answered_nevertheless(serving: Any) -> None:
    folder = os.open(serving.state, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(LONG)
            line.connect(short_address(serving.state / "control.sock", folder))
            line.sendall(b'{"id": 1, "do": "freeze", "reason": "no", "owner": "nobody"}\n')
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1000) == b'{"id":1,"ok":{}}\n'
    finally:
        os.close(folder)


def test_a_start_during_a_stop_waits_for_the_end_and_starts(serving: Any, tmp_path: Path) -> None:
    before = serving.about()["worker_pid"]
    with ThreadPoolExecutor(3) as pool:
        slow = pool.submit(serving.get, f"/when?{tmp_path}/go")
        until((tmp_path / "go.heard").exists)
        stopping = pool.submit(stop, serving.state)
        until(lambda: is_ending(serving.ask("hello")))
        starting = pool.submit(serving.start)
        assert serving.ask("hello")["pid"] == before
        assert not starting.done()
        (tmp_path / "go").touch()
        assert slow.result(LONG)[1] == "v1"
        assert starting.result(LONG)["pid"] != before
        assert stopping.result(LONG)
    serving.standing("blue", "ready")
    assert serving.get()[1] == "v1"


def test_a_stop_of_a_keeper_that_was_slow_to_answer_waits_for_its_end(serving: Any, tmp_path: Path) -> None:
    worker = serving.about()["worker_pid"]
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(serving.get, f"/when?{tmp_path}/go")
        until((tmp_path / "go.heard").exists)
        os.kill(worker, signal.SIGSTOP)
        try:
            stopping = pool.submit(stop, serving.state)
            with pytest.raises(Unreachable):
                serving.ask("hello", within=6)  # so long nobody is answered
        finally:
            os.kill(worker, signal.SIGCONT)
        until(lambda: is_ending(serving.ask("hello")))
        for _ in range(10):
            serving.ask("hello")
        assert not stopping.done()
        (tmp_path / "go").touch()
        assert slow.result(LONG)[1] == "v1"
        assert stopping.result(LONG)
    assert status(serving.state) is None
    assert serving.processes() == []


def test_whoever_loses_the_race_to_start_the_keeper_has_it_nevertheless(idle: Any) -> None:
    begin = partial(start, idle.state, idle.entry, program=idle.program, within=LONG)
    with ThreadPoolExecutor(6) as pool:
        starting = [pool.submit(begin) for _ in range(6)]
        assert len({one.result(LONG)["pid"] for one in starting}) == 1
