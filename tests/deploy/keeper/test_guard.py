"""After the commit point the guard carries the run on, whoever else lives. Where no guard can, the keeper goes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.adapters.local import Keeper
from readiness_deploy.bluegreen import End, carry_out
from readiness_deploy.keeper import guarding
from readiness_deploy.keeper.authority import Authority, Lock
from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.processes import Processes
from readiness_deploy.ports import Standing
from readiness_deploy.record import Record
from readiness_deploy.states import Colour, Phase, State

from keeper.rig import LONG, Rig, holder, program, release, until
from keeper.runs import LASTING, intent, world


def deploy(rig: Rig, keeper: Keeper, name: str, *words: str, **more: Any) -> End:
    release = rig.release(name, *words)
    around = {key: more.pop(key) for key in ("detach",) if key in more}
    return carry_out(world(keeper, release, **around), intent(release, f"deploy of {name}", **more))


def test_a_first_and_a_second_deploy_under_load(rig: Any) -> None:
    keeper = rig.deployer()
    assert deploy(rig, keeper, "v1").state is State.DONE
    with rig.load() as load:
        load.more(20)
        until(lambda: rig.details()["lock"] is None)  # the guard of the first one may still have last words
        keeper.lock(holder("the second run"))
        assert deploy(rig, keeper, "v2", keep=0.3).state is State.DONE
        load.more(20)
    assert load.faults == []
    record = rig.record()
    assert (record.phase, record.selected, record.last.outcome) == (Phase.STABLE, "green", "deployed")
    rig.standing("blue", "absent")


def test_the_deployer_may_die_after_the_switch(serving: Any) -> None:
    keeper = serving.deployer()
    assert deploy(serving, keeper, "v2", detach=True).state is State.DETACHED
    keeper.close()
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "deployed"
    until(lambda: serving.details()["keeper"]["guard_pid"] is None)


def test_a_release_that_dies_in_its_bake_is_taken_back(serving: Any) -> None:
    keeper = serving.deployer()
    deploy(serving, keeper, "v2", bake=LASTING, detach=True)
    until(lambda: serving.record().phase is Phase.BAKING)
    os.kill(serving.details()["colours"]["green"]["pid"], signal.SIGKILL)
    until(lambda: serving.record().phase is Phase.STABLE)
    record = serving.record()
    assert (record.selected, record.last.outcome) == ("blue", "rolled-back")
    assert serving.get()[1] == "v1"
    serving.standing("green", "absent")


def test_why_a_release_died_in_its_bake_is_not_forgotten_while_it_is_started_again(
    serving: Any, tmp_path: Path
) -> None:
    keeper = serving.deployer()
    once = f'test -e {tmp_path}/went && exec sleep 3600; touch {tmp_path}/went; exec "$@"'
    release = serving.release("v2", "--say", "CRASH", environment={"CRASH": "out of cheese"})
    command = ["/bin/sh", "-c", once, "sh", *release.details["command"]]
    release = replace(release, details={**release.details, "command": command})
    carry_out(world(keeper, release, detach=True), intent(release, "deploy of v2", bake=LASTING))
    until(lambda: serving.record().phase is Phase.BAKING)
    serving.tell("green", "/die")
    until(lambda: serving.record().phase is Phase.STABLE)
    reason = serving.record().last.reason
    assert "because it ended with exit code 3; it said last: CRASH=out of cheese" in reason, reason


def test_a_release_that_turns_unready_in_its_bake_is_taken_back(serving: Any) -> None:
    keeper = serving.deployer()
    deploy(serving, keeper, "v2", bake=LASTING, detach=True)
    until(lambda: serving.record().phase is Phase.BAKING)
    serving.tell("green", "/fail")
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "rolled-back"
    assert "GET /ready is answered with 503" in serving.record().last.reason


def test_a_guard_that_hangs_is_ended_and_brought_back(serving: Any) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    first = until(lambda: serving.record().phase is Phase.BAKING and serving.about()["guard_pid"])
    os.kill(first, signal.SIGSTOP)
    until(lambda: (pid := serving.about()["guard_pid"]) and pid != first)
    serving.promote()
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "deployed"
    assert f'"pid":{first}' in next(line for line in serving.journal().splitlines() if "guard hangs" in line)


def test_a_plan_that_was_made_when_something_else_served_is_refused(serving: Any) -> None:
    end = deploy(serving, serving.deployer(), "v3", upon="v0")
    assert end.state is State.REFUSED
    assert end.why == "the plan was made when v0 served, and v1 serves now: plan again"
    assert serving.record().intent is None
    assert serving.get()[1] == "v1"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_guard_that_ends_is_brought_back(serving: Any, number: signal.Signals) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    first = until(lambda: serving.record().phase is Phase.BAKING and serving.about()["guard_pid"])
    os.kill(first, number)
    second = until(lambda: (pid := serving.about()["guard_pid"]) and pid != first and pid)
    assert second
    serving.promote()
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "deployed"


def test_the_guard_outlives_the_worker_and_goes_on(serving: Any) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    guard = until(lambda: serving.record().phase is Phase.BAKING and serving.about()["guard_pid"])
    until(lambda: serving.details()["lock"])
    serving.kill("worker")
    assert serving.details()["keeper"]["guard_pid"] == guard
    serving.promote()
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "deployed"
    assert "guard ended" not in serving.journal()


@pytest.mark.parametrize("again", [False, True], ids=["once", "and the worker dies again"])
def test_after_a_reboot_in_the_bake_both_come_up_and_it_is_baked_anew(serving: Any, tmp_path: Any, again: bool) -> None:
    """However long the new one takes to come up again: that the machine went down says nothing of it."""
    (tmp_path / "go").touch()
    deploy(serving, serving.deployer(), "v2", "--ready-when", str(tmp_path / "go"), bake=LASTING, detach=True)
    until(lambda: serving.record().phase is Phase.BAKING)
    serving.kill_everything()
    (tmp_path / "go").unlink()
    serving.start()
    serving.standing("blue", "ready")
    if again:
        worker = serving.kill("worker")
        until(lambda: serving.about()["worker_pid"] != worker)
    until(lambda: serving.details()["colours"]["blue"]["streak"] > 80)
    assert serving.record().phase is Phase.BAKING
    (tmp_path / "go").touch()
    serving.standing("green", "ready")
    until(lambda: (serving.details()["lock"] or {}).get("guard"))
    serving.promote()
    until(lambda: serving.record().phase is Phase.STABLE)
    assert serving.record().last.outcome == "deployed"
    assert serving.get()[1] == "v2"


def test_after_a_reboot_in_the_bake_one_that_does_not_come_up_any_more_is_taken_back(
    serving: Any, tmp_path: Any
) -> None:
    once = ["/bin/sh", "-c", f'mkdir "{tmp_path}/once" && exec "$@"', "sh", *release("v2").details["command"]]
    v2 = release("v2", command=once)
    assert carry_out(world(serving.deployer(), v2, detach=True), intent(v2, "r", bake=LASTING)).state is State.DETACHED
    until(lambda: serving.record().phase is Phase.BAKING)
    serving.kill_everything()
    serving.start()
    until(lambda: serving.record().phase is Phase.STABLE, why=serving.journal)
    assert serving.record().last.outcome == "rolled-back"
    assert serving.get()[1] == "v1"


def test_after_a_reboot_one_that_does_not_come_up_waits_for_the_way_back_to_come_up(rig: Any, tmp_path: Any) -> None:
    (tmp_path / "go").touch()
    v1 = release("v1", "--ready-when", str(tmp_path / "go"))
    once = ["/bin/sh", "-c", f'mkdir "{tmp_path}/once" && exec "$@"', "sh", *release("v2").details["command"]]
    v2 = release("v2", command=once)
    keeper = rig.deployer()
    rig.serve(keeper, "blue", v1)
    assert carry_out(world(keeper, v2, detach=True), intent(v2, "r", bake=LASTING)).state is State.DETACHED
    until(lambda: rig.record().phase is Phase.BAKING)
    rig.kill_everything()
    (tmp_path / "go").unlink()
    rig.start()
    until(lambda: rig.details()["colours"]["green"]["restarts"] > 3)
    assert rig.record().phase is Phase.BAKING
    (tmp_path / "go").touch()
    until(lambda: rig.record().phase is Phase.STABLE, why=rig.journal)
    assert rig.record().last.outcome == "rolled-back"
    assert rig.get()[1] == "v1"


def test_after_a_reboot_a_release_that_is_held_has_its_way_back(serving: Any) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    until(lambda: serving.record().phase is Phase.BAKING)
    person = serving.deployer("a person", take_over="to hold it")
    person.write(person.observe().record.but(phase=Phase.HELD, held="a person is needed"))
    serving.kill_everything()
    serving.start()
    serving.standing("green", "ready")
    serving.standing("blue", "ready")


def test_a_bake_goes_on_where_the_worker_before_left_it(serving: Any) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    before = until(lambda: (baked := serving.details()["baked"]) > 3 and baked)
    worker = serving.kill("worker")
    after = until(lambda: (seen := serving.details())["keeper"]["worker_pid"] != worker and seen)
    assert after["baked"] >= before


def test_after_a_reboot_in_the_bake_whoever_asks_for_the_way_back_does_not_wait(serving: Any, tmp_path: Any) -> None:
    """The new one hangs as it starts, and has an hour for that; the old one is up."""
    (tmp_path / "go").touch()
    ready = {**release("v2").details["ready"], "within": 3600}
    v2 = release("v2", "--ready-when", str(tmp_path / "go"), ready=ready)
    assert carry_out(world(serving.deployer(), v2, detach=True), intent(v2, "r", bake=LASTING)).state is State.DETACHED
    until(lambda: serving.record().phase is Phase.BAKING)
    serving.kill_everything()
    (tmp_path / "go").unlink()
    serving.start()
    serving.standing("blue", "ready")
    assert serving.record().phase is Phase.BAKING
    serving.deployer(lock=False).request("rollback", "anna", "it does not come up")
    until(lambda: serving.record().phase is Phase.STABLE, why=serving.journal)
    assert serving.record().last.by_request
    assert serving.get()[1] == "v1"


def test_a_request_to_roll_back_reaches_the_guard(serving: Any) -> None:
    deploy(serving, serving.deployer(), "v2", bake=LASTING, detach=True)
    serving.deployer(lock=False).request("rollback", "anna", "customers complain")
    until(lambda: serving.record().phase is Phase.STABLE)
    record = serving.record()
    assert (record.selected, record.last.outcome, record.last.by_request) == ("blue", "rolled-back", True)
    assert "anna" in record.last.reason


def changed(rig: Rig, tmp_path: Any, change: str) -> None:
    """A keeper with this change, whose blue colour serves v1."""
    rig.program = program(tmp_path, f"from readiness_deploy.keeper import guarding\n{change}")
    rig.start()
    rig.serve(rig.deployer(), "blue", rig.release("v1"))


def guardless(rig: Rig, tmp_path: Any, code: str) -> None:
    """A keeper whose guards do this instead of guarding."""
    changed(
        rig,
        tmp_path,
        "begin = guarding.Guarding.__init__\n"
        "def other(self, *given, **more):\n"
        f"    begin(self, *given, **{{**more, 'command': (sys.executable, '-c', {code!r})}})\n"
        "guarding.Guarding.__init__ = other",
    )


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "import time; time.sleep(3600)"], ids=["ends", "hangs"])
def test_where_no_guard_acts_the_keeper_itself_goes_back(idle: Any, tmp_path: Any, code: str) -> None:
    guardless(idle, tmp_path, code)
    keeper = idle.deployer(take_over="the next run")
    once = ["/bin/sh", "-c", f'mkdir "{tmp_path}/once" && exec "$@"', "sh", *idle.release("v2").details["command"]]
    release = idle.release("v2", command=once)
    wanted = intent(release, "r", bake=LASTING)
    idle.serve(keeper, "green", release, previous="blue", phase=Phase.BAKING, intent=wanted)
    os.kill(idle.details()["colours"]["green"]["pid"], signal.SIGKILL)
    until(lambda: idle.record().selected == "blue")
    record = idle.record()
    assert record.phase is Phase.RETURNING
    assert record.intent.ends_as == "failed"
    assert "the keeper did" in record.intent.ending
    assert idle.get()[1] == "v1"


class Dead:
    """Green is dead, and blue stands by."""

    def standing(self, colour: Colour) -> Standing:
        return Standing.DEAD if colour == "green" else Standing.READY

    def release(self, colour: Colour) -> str:
        return "v1"


@pytest.mark.parametrize("unsafe", [False, True])
def test_the_keeper_goes_back_where_the_data_may_be_taken_back_and_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsafe: bool
) -> None:
    monkeypatch.setattr(guarding, "_PATIENCE", 0.0)
    folder = Folder(tmp_path / "state")
    folder.make()
    dead = replace(release("v2"), data_unsafe=unsafe)
    slots: dict[Colour, Any] = {"blue": release("v1"), "green": dead}
    wanted = replace(intent(dead, "r"), colour="green")
    baking = Record(epoch=3, phase=Phase.BAKING, selected="green", previous="blue", slots=slots, intent=wanted)
    authority = Authority(folder, baking, Files(), Dead(), lambda *_: None, lambda *_, **__: None)
    authority.lock = Lock(object(), holder("who is stopped"), 3)
    nothing: Any = lambda *_, **__: None  # noqa: E731
    keeping = guarding.Guarding(
        folder, authority, Processes(), {}, Dead().standing, lambda _: False, lambda: False, nothing, nothing
    )
    keeping._rescue(authority.record)
    keeping._rescue(authority.record)
    assert authority.record.selected == ("green" if unsafe else "blue")
    assert (authority.lock is None, authority.record.epoch) == ((False, 3) if unsafe else (True, 4))


def test_a_keeper_without_a_guard_says_so(idle: Any, tmp_path: Any) -> None:
    guardless(idle, tmp_path, "raise SystemExit(1)")
    keeper = idle.deployer(take_over="the next run")
    keeper.unlock()
    keeper.lock(holder("a plain run"))
    wanted = intent(idle.release("v2"), "r", bake=LASTING)
    idle.serve(keeper, "green", idle.release("v2"), previous="blue", phase=Phase.CONVERGING, intent=wanted)
    until(lambda: not keeper.observe().guard)
    assert idle.get()[1] == "v2"


def test_the_guard_is_no_use_where_nothing_moved(serving: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "readiness_deploy.guard", str(serving.state)],
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert serving.details()["lock"] is None


def test_a_keeper_that_ends_tells_its_guard_to_end(idle: Any, tmp_path: Path) -> None:
    """One that is stopped shows what it was told; here no keeper ends it meanwhile as one that hangs."""
    changed(idle, tmp_path, "guarding._SILENT = 3600.0")
    deploy(idle, idle.deployer(take_over="the next run"), "v2", bake=LASTING, detach=True)
    guard = until(lambda: idle.record().phase is Phase.BAKING and idle.about()["guard_pid"])
    until(lambda: (idle.details()["lock"] or {}).get("guard"))
    os.kill(guard, signal.SIGSTOP)
    try:
        idle.stop()
        waits = re.search(r"^ShdPnd:\s*(\w+)$", Path(f"/proc/{guard}/status").read_text(), re.MULTILINE)
        assert waits is not None
        assert int(waits[1], 16) & 1 << signal.SIGTERM - 1
    finally:
        os.kill(guard, signal.SIGKILL)


SEIZES = """
import os, sys
from pathlib import Path
from readiness_deploy.adapters.local import Keeper
from readiness_deploy.ports import Fenced, Holder
from readiness_deploy.states import Phase
phase = Phase(sys.argv[2])
keeper = Keeper(Path(sys.argv[1]))
keeper.lock(Holder(by="anna", host="here", pid=os.getpid(), run="r", since="now"), take_over="I look myself")
record = keeper.observe().record
back = {"selected": record.previous, "previous": None} if phase is Phase.RETURNING else {}
keeper.write(record.but(phase=phase, **back))
print("seized", flush=True)
sys.stdin.readline()
try:
    keeper.write(keeper.observe().record.but(held="awake"))
except Fenced:
    print("fenced", flush=True)
"""


@pytest.mark.parametrize("phase", [Phase.CONVERGING, Phase.BAKING, Phase.RETURNING])
def test_who_took_over_and_is_stopped_loses_the_lock_and_a_guard_goes_on(
    idle: Any, tmp_path: Path, phase: Phase
) -> None:
    """After a tenth of the time that they have in earnest; nobody else has so little, as guards may begin slowly."""
    stopped = tmp_path / "stopped"
    changed(
        idle,
        tmp_path,
        "class Patience:\n"
        "    def __lt__(self, silence):\n"
        f"        return silence > (2.0 if os.path.exists({str(stopped)!r}) else 3600.0)\n"
        "guarding._SILENT = Patience()",
    )
    deploy(idle, idle.deployer(take_over="the next run"), "v2", bake=LASTING, detach=True)
    until(lambda: idle.record().phase is Phase.BAKING)
    sleeper = subprocess.Popen(
        [sys.executable, "-c", SEIZES, str(idle.state), phase.value],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == "seized\n"
        sleeper.send_signal(signal.SIGSTOP)
        stopped.touch()
        until(lambda: "lock taken from one who hangs" in idle.journal())
        stopped.unlink()
        if phase is not Phase.RETURNING:
            idle.tell("green", "/fail")
        until(lambda: idle.record().phase is Phase.STABLE, why=idle.details)
        record = idle.record()
        assert (record.selected, record.last.outcome) == ("blue", "rolled-back")
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.communicate("\n", timeout=LONG)[0] == "fenced\n"
    finally:
        sleeper.kill()
        sleeper.communicate()
    assert idle.record() == record
    (taken,) = [line for line in idle.journal().splitlines() if "lock taken from one who hangs" in line]
    assert f'"pid":{sleeper.pid}' in taken
