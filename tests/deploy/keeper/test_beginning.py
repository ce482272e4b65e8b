"""The keeper begins, says so, ends, and begins again where it was."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper import aside
from readiness_deploy.keeper.client import Unreachable, ask
from readiness_deploy.keeper.folder import Files, Folder, known_as
from readiness_deploy.keeper.processes import identity
from readiness_deploy.keeper.start import Failure, is_ending, start, status, stop, unit, upgrade

from keeper.rig import LONG, Rig, gone, in_flight, until


def test_it_says_what_it_is_and_where_it_listens(rig: Any) -> None:
    said = rig.ask("hello")
    assert said["state"] == str(rig.state)
    assert said["listening"] == [f"127.0.0.1:{rig.port}"]
    assert rig.get()[0] == 503


def test_nobody_else_may_look_into_its_folder(rig: Any) -> None:
    rig.serve(rig.deployer(), "blue", rig.release("v1"))
    for path in (rig.state, *rig.state.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_started_twice_it_is_the_same_one(rig: Any) -> None:
    assert start(rig.state, rig.entry)["pid"] == rig.about()["pid"]


def test_one_with_other_settings_is_not_taken_for_it(rig: Any) -> None:
    with pytest.raises(Failure, match=r"other settings of `entry`"):
        start(rig.state, {**rig.entry, "idle": 1.5})


def test_a_taken_port_is_said(idle: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        idle.entry = {"listen": f"127.0.0.1:{other.getsockname()[1]}"}
        with pytest.raises(Failure, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already in use"):
            idle.start()
    assert status(idle.state) is None


def test_a_certificate_that_is_not_there_is_said(idle: Any, tmp_path: Path) -> None:
    idle.entry |= {"tls": {"certificate": str(tmp_path / "none.pem"), "key": str(tmp_path / "none.key")}}
    with pytest.raises(Failure, match=r"wanted a certificate in .*none\.pem"):
        idle.start()


def test_a_state_folder_that_is_none_is_said(idle: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match=r"the state folder .* cannot be used"):
        start(tmp_path / "file" / "state", idle.entry)


def test_a_folder_that_lies_deep_is_no_hindrance(idle: Any) -> None:
    idle.state = idle.state / ("d" * 90) / ("e" * 90)
    idle.start()
    assert idle.ask("hello")["state"] == str(idle.state)


def test_no_keeper_is_no_answer(idle: Any) -> None:
    with pytest.raises(Unreachable):
        ask(idle.state, "hello")
    assert status(idle.state) is None
    assert stop(idle.state) is False
    with pytest.raises(Failure, match="no keeper runs"):
        upgrade(idle.state)


def test_it_ends_with_its_colours_and_begins_where_it_was(serving: Any) -> None:
    serving.stop()
    assert serving.processes() == []
    assert status(serving.state) is None
    with pytest.raises(OSError):
        serving.get()
    serving.start()
    serving.standing("blue", "ready")
    assert serving.get()[1] == "v1"
    assert serving.record().selected == "blue"


def test_it_may_end_without_its_colours(serving: Any) -> None:
    pid = serving.get("/pid")[1]
    stop(serving.state, colours=False)
    assert int(pid) in serving.processes()
    serving.start()
    assert serving.get("/pid")[1] == pid


def test_a_folder_that_was_moved_has_its_colours_still(serving: Any, tmp_path: Path) -> None:
    pid = serving.get("/pid")[1]
    stop(serving.state, colours=False)
    moved = Rig(serving.state.rename(tmp_path.resolve() / "moved"))
    try:
        moved.start()
        assert moved.get("/pid")[1] == pid
        moved.stop()
        assert serving.processes() == []
    finally:
        moved.clean_up()


@pytest.mark.parametrize("first_lives", [True, False], ids=["beside-its-keeper", "beside-its-colours"])
def test_a_copy_of_a_folder_leaves_the_processes_of_the_first_alone(
    serving: Any, tmp_path: Path, first_lives: bool
) -> None:
    pid = serving.get("/pid")[1]
    if not first_lives:
        stop(serving.state, colours=False)
    copy = Rig(tmp_path.resolve() / "copy")
    subprocess.run(["cp", "-a", serving.state, copy.state], check=True)
    try:
        copy.start()
        copy.standing("blue", "ready")
        assert copy.get()[1] == "v1"
        assert copy.get("/pid")[1] != pid
        copy.kill("worker")
        copy.standing("blue", "ready")
        copy.stop()
    finally:
        copy.clean_up()
    if not first_lives:
        serving.start()
    assert serving.get("/pid")[1] == pid
    assert serving.details()["colours"]["blue"]["restarts"] == 0


def test_a_copy_leaves_the_guard_of_the_first_alone(tmp_path: Path) -> None:
    first, copy, guard = Folder(tmp_path / "first"), Folder(tmp_path / "copy"), identity(os.getpid())
    first.make()
    aside.save(first, aside.Aside(guard=guard), Files())
    copy.make()
    copy.aside.write_bytes(first.aside.read_bytes())
    assert aside.load(copy).guard is None
    assert aside.load(first).guard == guard
    first.aside.unlink()
    first.log.rmdir()
    first.root.rmdir()
    assert aside.load(copy).guard == guard


def test_requests_in_flight_are_answered_before_it_ends(serving: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(serving.get, f"/when?{tmp_path}/go")
        in_flight(serving, "blue", 1)
        stopping = pool.submit(serving.stop)
        until(lambda: is_ending(serving.ask("hello")))
        (tmp_path / "go").touch()
        assert slow.result(LONG) == (200, "v1", "v1")
        stopping.result(LONG)


def test_after_a_reboot_the_same_release_serves_in_the_same_colour(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue")
    serving.kill_everything()
    serving.start()
    serving.standing("green", "ready")
    assert serving.get()[1:] == ("v2", "v2")
    assert serving.details()["colours"]["blue"]["standing"] == "absent"


def test_sigterm_to_the_holder_ends_everything_in_order(serving: Any) -> None:
    os.kill(serving.about()["holder_pid"], 15)
    gone(serving)
    assert serving.processes() == []
    assert '"worker ended"' in serving.journal()


def test_a_hangup_ends_nothing(serving: Any) -> None:
    about = serving.about()
    for name in ("holder_pid", "worker_pid"):
        os.kill(about[name], 1)
    assert serving.get()[1] == "v1"
    assert serving.about()["worker_pid"] == about["worker_pid"]


def test_the_unit_is_one_that_systemd_reads(tmp_path: Path) -> None:
    text = unit(tmp_path / "a folder", description="keeper of payments", environment_file="/etc/payments.env")
    assert f'ExecStart={sys.executable} -m readiness_deploy.keeper hold "{tmp_path / "a folder"}" --wait\n' in text
    assert "EnvironmentFile=/etc/payments.env\n" in text
    assert "KillMode=process\n" in text


def test_what_systemd_would_expand_is_taken_as_it_stands(tmp_path: Path) -> None:
    text = unit(tmp_path / 'a%u $X "q\\', description="100 % of it", environment_file="/etc/50%.env")
    assert f'hold "{tmp_path}/a%%u $$X \\"q\\\\" --wait\n' in text
    assert "Description=100 %% of it\n" in text
    assert "EnvironmentFile=/etc/50%%.env\n" in text


def test_a_holder_that_waits_takes_over_when_the_keeper_ends(serving: Any) -> None:
    """What a supervisor starts beside a living keeper."""
    second = subprocess.Popen(
        [*serving.program, "hold", str(serving.state), "--wait"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        stop(serving.state, colours=False)
        until(lambda: serving.about()["holder_pid"] == second.pid)
        assert serving.get()[1] == "v1"
    finally:
        second.kill()
        second.wait()


def test_a_keeper_keeps_its_id_and_serves_without_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    made = known_as(folder, Files())
    assert re.fullmatch("[0-9a-f]{16}", made)
    assert known_as(folder, Files()) == made
    folder.id.unlink()
    assert known_as(folder, Files()) != made
    folder.id.unlink()
    folder.id.mkdir()
    assert known_as(folder, Files()) == ""
