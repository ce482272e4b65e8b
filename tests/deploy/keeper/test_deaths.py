"""The keeper's own processes are killed, under requests. Users wait; they are not refused."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.client import Unreachable
from readiness_deploy.keeper.start import upgrade

from keeper.rig import LONG, gone, in_flight, program, until


def changed(rig: Any, name: str, before: int) -> int:
    """The pid of the one that took its place."""

    def other() -> int | None:
        try:
            now = int(rig.ask("observe")["keeper"][name])
        except Unreachable:
            return None
        return now if now != before else None

    return int(until(other))


def test_while_the_worker_is_dead_new_connections_wait_and_are_answered(serving: Any) -> None:
    holder = serving.about()["holder_pid"]
    os.kill(holder, signal.SIGSTOP)  # so that the gap is as long as this test wants it
    serving.kill("worker")
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(serving.get) for _ in range(20)]
        with socket.create_connection(("127.0.0.1", serving.port), timeout=LONG):
            pass
        assert not any(one.done() for one in asked)
        os.kill(holder, signal.SIGCONT)
        assert {one.result(LONG)[1] for one in asked} == {"v1"}


def test_a_dead_worker_loses_what_it_had_in_its_hands_and_counts_it(serving: Any) -> None:
    outcome: list[str] = []

    def ask() -> None:
        try:
            outcome.append(serving.get("/slow?3600")[1])
        except OSError as fault:
            outcome.append(type(fault).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    in_flight(serving, "blue", 1)
    before = serving.kill("worker")
    asking.join(LONG)
    changed(serving, "worker_pid", before)
    assert outcome in (["ConnectionResetError"], ["RemoteDisconnected"])
    assert serving.about()["cut"] == 1


def test_colours_live_on_without_the_worker(serving: Any) -> None:
    before = serving.details()["colours"]["blue"]
    changed(serving, "worker_pid", serving.kill("worker"))
    after = serving.details()["colours"]["blue"]
    assert (after["pid"], after["restarts"], after["standing"]) == (before["pid"], 0, "ready")


@pytest.mark.parametrize("fresh", [False, True], ids=["keep-alive", "new-connections"])
def test_a_dead_holder_is_noticed_by_no_user(serving: Any, fresh: bool) -> None:
    with serving.load(fresh=fresh) as load:
        load.more(50)
        before = serving.kill("holder")
        holder = changed(serving, "holder_pid", before)
        load.more(50)
    assert load.faults == []
    assert holder != before
    changed(serving, "worker_pid", serving.kill("worker"))
    assert serving.get()[1] == "v1"


def test_after_the_death_of_both_the_next_start_takes_the_colours_over(serving: Any) -> None:
    pid = serving.get("/pid")[1]
    about = serving.about()
    os.kill(about["worker_pid"], signal.SIGSTOP)  # so that it cannot bring another holder
    os.kill(about["holder_pid"], signal.SIGKILL)
    os.kill(about["worker_pid"], signal.SIGKILL)
    gone(serving)
    serving.start()
    assert serving.get("/pid")[1] == pid
    assert len(serving.processes()) == 1


def test_a_worker_that_keeps_dying_is_brought_back_each_time(serving: Any) -> None:
    for _ in range(5):
        changed(serving, "worker_pid", serving.kill("worker"))
        assert serving.get()[1] == "v1"


def test_how_an_adopted_colour_ended_is_learnt_from_the_holder(idle: Any, tmp_path: Path) -> None:
    """However long that one takes to say it."""
    idle.program = program(tmp_path, f"from readiness_deploy.keeper import slot\nslot._TOLD_WITHIN = {LONG}")
    idle.start()
    idle.deployer().start("blue", idle.release("v1"))
    idle.standing("blue", "ready")
    changed(idle, "worker_pid", idle.kill("worker"))
    os.kill(idle.standing("blue", "ready")["pid"], signal.SIGABRT)
    assert "it was ended by SIGABRT" in idle.standing("blue", "dead")["why"]


@pytest.mark.parametrize("fresh", [False, True], ids=["keep-alive", "new-connections"])
def test_an_upgrade_loses_no_request(serving: Any, fresh: bool) -> None:
    pid = serving.get("/pid")[1]
    with serving.load(fresh=fresh) as load:
        load.more(50)
        before = serving.about()
        after = upgrade(serving.state, within=LONG)
        load.more(50)
    assert load.faults == []
    assert after["pid"] != before["pid"]
    assert serving.about()["holder_pid"] == before["holder_pid"]
    assert serving.get("/pid")[1] == pid


def test_a_lock_outlives_an_upgrade(serving: Any) -> None:
    keeper = serving.deployer()
    upgrade(serving.state, within=LONG)
    record = keeper.observe().record
    keeper.write(record.but(held=""))
    assert keeper.epoch == serving.record().epoch


def test_a_request_that_is_long_ends_in_the_old_worker_while_the_new_one_serves(serving: Any, tmp_path: Path) -> None:
    got: list[Any] = []
    asking = threading.Thread(target=lambda: got.append(serving.get(f"/when?{tmp_path}/go")))
    asking.start()
    in_flight(serving, "blue", 1)
    upgrade(serving.state, within=LONG)
    assert serving.get()[1] == "v1"
    assert got == []
    (tmp_path / "go").touch()
    asking.join(LONG)
    assert got == [(200, "v1", "v1")]


def test_what_dies_with_a_worker_that_handed_over_is_counted_by_the_one_that_goes_on(serving: Any) -> None:
    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            serving.get("/slow?3600")

    asking = threading.Thread(target=ask)
    asking.start()
    in_flight(serving, "blue", 1)
    before = serving.about()["worker_pid"]
    upgrade(serving.state, within=LONG)
    restarts = serving.about()["restarts"]
    os.kill(before, signal.SIGKILL)
    asking.join(LONG)
    changed(serving, "cut", 0)
    assert (serving.about()["cut"], serving.about()["restarts"]) == (1, restarts)


def test_switching_to_and_fro_under_load_loses_no_request(serving: Any) -> None:
    keeper = serving.deployer()
    v1, v2 = serving.release("v1"), serving.release("v2")
    keeper.start("green", v2)
    serving.standing("green", "ready")
    with serving.load() as load, serving.load(fresh=True) as others:
        for number in range(20):
            record = keeper.observe().record
            colour = "green" if number % 2 == 0 else "blue"
            keeper.write(record.but(selected=colour, slots={"blue": v1, "green": v2}))
            load.more(20)
            others.more(5)
    assert load.faults == others.faults == []
    assert load.answers.keys() == {"v1", "v2"}


def test_a_colour_that_is_taken_away_under_load_loses_no_request(serving: Any) -> None:
    keeper = serving.deployer()
    with serving.load() as load, serving.load(fresh=True) as others:
        for number in range(2, 8):
            colour = "green" if number % 2 == 0 else "blue"
            serving.serve(keeper, colour, serving.release(f"v{number}"))
            old = "blue" if colour == "green" else "green"
            keeper.stop(old)
            serving.standing(old, "absent")
            load.more(20)
            others.more(5)
    assert load.faults == others.faults == []


def test_a_colour_is_not_ended_while_a_worker_that_handed_over_still_carries_its_requests(
    rig: Any, tmp_path: Path
) -> None:
    keeper = rig.deployer()
    rig.serve(keeper, "blue", rig.release("v1", stop={"drain": 600, "grace": 0.05}))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(rig.get, f"/when?{tmp_path}/go")
        until((tmp_path / "go.heard").exists)  # before, it would follow the route
        upgrade(rig.state, within=LONG)
        rig.serve(keeper, "green", rig.release("v2"))
        keeper.stop("blue")
        assert rig.details()["colours"]["blue"]["standing"] == "stopping"
        (tmp_path / "go").touch()
        rig.standing("blue", "absent")
        assert slow.result(LONG)[1] == "v1"
