"""One lock, one epoch, one conditional write: who may change the record, and what no record may say."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from readiness_deploy.keeper.client import Connection, Declined
from readiness_deploy.ports import Busy, Conflict, Fenced, Illegal, Lost
from readiness_deploy.record import Intent
from readiness_deploy.states import Goal, Phase

from keeper.rig import LONG, holder, until

HOLD = """
import sys, time
from pathlib import Path
from readiness_deploy.adapters.local import Keeper
from readiness_deploy.ports import Holder
keeper = Keeper(Path(sys.argv[1]))
keeper.lock(Holder(by="another", host="here", pid=1, run="other", since="now"))
print("locked", flush=True)
time.sleep(3600)
"""


def intent(rig: Any, name: str = "v2", **more: Any) -> Intent:
    return Intent(run="r1", goal=Goal.DEPLOY, release=rig.release(name), colour="green", **more)


def test_each_taking_of_the_lock_is_a_new_epoch(rig: Any) -> None:
    first, second = rig.deployer(), rig.deployer(lock=False)
    with pytest.raises(Busy, match="somebody on here") as refused:
        second.lock(holder("another"))
    assert refused.value.holder.by == "somebody"
    first.unlock()
    assert second.lock(holder("another")) == 2
    assert rig.record().epoch == 2


def test_the_lock_is_free_when_its_holder_dies(rig: Any) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(rig.state)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        keeper = rig.deployer(lock=False)
        other.send_signal(signal.SIGSTOP)
        with pytest.raises(Busy, match="another"):
            keeper.lock(holder())
    finally:
        other.kill()
        other.wait()
    until(lambda: rig.details()["lock"] is None)
    assert keeper.lock(holder()) == 2


def test_a_stopped_holder_that_wakes_up_writes_nothing(rig: Any) -> None:
    sleeper, thief = rig.deployer("sleeper"), rig.deployer(lock=False)
    record = sleeper.observe().record
    assert thief.lock(holder("thief"), take_over="the sleeper does not wake up") == 2
    for act in (
        lambda: sleeper.write(record.but(phase=Phase.PREPARING)),
        lambda: sleeper.start("blue", rig.release("v1")),
        lambda: sleeper.stop("green"),
        lambda: sleeper.retire("green", 1.0),
    ):
        with pytest.raises(Fenced, match="epoch 1 is over, 2 is the latest"):
            act()
    assert rig.record().phase is Phase.STABLE
    assert "the sleeper does not wake up" in rig.journal()


def test_a_lost_connection_gets_its_epoch_back_unless_somebody_came(rig: Any) -> None:
    keeper = rig.deployer()
    keeper._connection.close()
    keeper._connection = None
    keeper.write(keeper.observe().record.but(phase=Phase.PREPARING))
    assert keeper.epoch == 1
    keeper._connection.close()
    keeper._connection = None
    until(lambda: rig.details()["lock"] is None)
    rig.deployer("another")
    with pytest.raises(Fenced):
        keeper.write(keeper.observe().record.but(phase=Phase.STABLE))


def test_an_epoch_that_was_given_back_is_over(rig: Any) -> None:
    with Connection(rig.state) as connection:
        epoch = connection.call("lock", holder=asdict(holder()))["epoch"]
        connection.call("unlock")
        with pytest.raises(Declined) as refused:
            connection.call("stop", epoch=epoch, colour="blue")
        assert refused.value.kind == "fenced"


def test_a_write_replaces_the_record_that_was_read_and_no_other(rig: Any) -> None:
    keeper = rig.deployer()
    read = keeper.observe().record
    keeper.write(read.but(phase=Phase.PREPARING))
    with pytest.raises(Conflict, match="wanted to write generation 1, the record has generation 1"):
        keeper.write(read.but(phase=Phase.AWAITING))
    with pytest.raises(Conflict):
        keeper.write(replace(keeper.observe().record, generation=7))
    assert rig.record().phase is Phase.PREPARING


def test_the_epoch_in_a_written_record_is_the_keepers(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.write(replace(keeper.observe().record.but(phase=Phase.PREPARING), epoch=99))
    assert rig.record().epoch == 1


def test_only_what_is_ready_can_be_selected(serving: Any) -> None:
    keeper = serving.deployer()
    record = keeper.observe().record
    v2 = serving.release("v2")
    to_green = record.but(selected="green", slots={**record.slots, "green": v2})
    with pytest.raises(Illegal, match="green is absent"):
        keeper.write(to_green)
    keeper.start("green", serving.release("v2", "--ready-after", "3600"))
    with pytest.raises(Illegal, match="green is starting"):
        keeper.write(to_green)
    keeper.start("green", serving.release("v3"))
    serving.standing("green", "ready")
    with pytest.raises(Illegal, match="green runs release v3, the record says v2"):
        keeper.write(to_green)
    with pytest.raises(Illegal, match="does not say what runs there"):
        keeper.write(record.but(selected="green"))
    assert serving.get()[1] == "v1"


def test_what_serves_is_not_deselected_nor_exchanged(serving: Any) -> None:
    keeper = serving.deployer()
    record = keeper.observe().record
    with pytest.raises(Illegal, match="cannot be deselected"):
        keeper.write(record.but(selected=None))
    with pytest.raises(Illegal, match="cannot be changed under it"):
        keeper.write(record.but(slots={"blue": serving.release("v9")}))
    with pytest.raises(Illegal, match="blue serves: nothing else"):
        keeper.start("blue", serving.release("v9"))
    with pytest.raises(Illegal, match="blue serves"):
        keeper.stop("blue")
    with pytest.raises(Illegal, match="blue serves"):
        keeper.retire("blue", 0.0)
    keeper.start("blue", serving.release("v1"))
    assert serving.get()[1] == "v1"


def test_what_is_being_taken_away_is_not_selected(serving: Any) -> None:
    keeper = serving.deployer()
    v2 = serving.release("v2", "--ignore-term", stop={"drain": 0, "grace": 60})
    keeper.start("green", v2)
    serving.standing("green", "ready")
    keeper.stop("green")
    record = keeper.observe().record
    with pytest.raises(Illegal, match="green is being taken away"):
        keeper.write(record.but(selected="green", slots={**record.slots, "green": v2}))


def test_the_way_back_stays_until_the_new_release_is_proven(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", phase=Phase.BAKING, intent=intent(serving))
    keeper.lock(holder(), take_over="a person stands in for the guard")
    for act in (lambda: keeper.stop("blue"), lambda: keeper.start("blue", serving.release("v3"))):
        with pytest.raises(Illegal, match="blue is the way back"):
            act()


def test_a_record_that_is_no_longer_stable_stops_the_timer(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", retire_after=3600.0)
    assert serving.details()["retire"]["blue"] > 3000
    keeper.write(keeper.observe().record.but(phase=Phase.PREPARING, intent=intent(serving, "v3")))
    assert serving.details()["retire"] == {}


def test_a_retired_colour_goes_when_its_time_is_over(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", retire_after=3600.0)
    keeper.retire("blue", 0.2)
    serving.standing("blue", "absent")
    assert len(serving.processes()) == 1


def test_a_timer_outlives_the_worker(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", retire_after=3600.0)
    serving.kill("worker")
    assert 3000 < serving.details()["retire"]["blue"] < 3600
    keeper.retire("blue", 1.0)
    serving.kill("worker")
    serving.standing("blue", "absent")


def test_a_freeze_is_a_write_like_any_other(rig: Any) -> None:
    keeper = rig.deployer()
    read = keeper.observe().record
    other = rig.deployer(lock=False)
    other.freeze("the year ends", "anna")
    freeze = rig.record().freeze
    assert freeze is not None
    assert (freeze.reason, freeze.owner) == ("the year ends", "anna")
    with pytest.raises(Conflict):
        keeper.write(read.but(phase=Phase.PREPARING))
    other.unfreeze()
    assert rig.record().freeze is None
    with pytest.raises(Illegal, match="a reason and an owner"):
        other.freeze("", "anna")


def test_a_request_stays_until_the_run_ends(rig: Any) -> None:
    keeper = rig.deployer()
    other = rig.deployer(lock=False)
    with pytest.raises(Illegal, match="no run is in flight"):
        other.request("abort", "anna")
    keeper.write(keeper.observe().record.but(phase=Phase.PREPARING, intent=intent(rig)))
    other.request("abort", "anna", "wrong version")
    rig.kill("worker")
    asked = keeper.observe().request
    assert asked is not None
    assert (asked.kind, asked.by, asked.reason) == ("abort", "anna", "wrong version")
    keeper.write(keeper.observe().record.but(phase=Phase.STABLE, intent=None))
    assert keeper.observe().request is None


def test_the_guard_takes_the_lock_after_the_commit_point_and_only_then(serving: Any) -> None:
    keeper = serving.deployer()
    guard = serving.deployer(lock=False)
    with pytest.raises(Busy):
        guard.lock(holder("a guard", guard=True))
    serving.serve(
        keeper, "green", serving.release("v2"), previous="blue", phase=Phase.CONVERGING, intent=intent(serving)
    )
    # The keeper's own guard comes by itself.
    until(lambda: serving.details()["record"]["epoch"] > keeper.epoch)
    record = keeper.observe().record
    with pytest.raises((Fenced, Conflict)):
        keeper.write(record.but(phase=Phase.BAKING))


def test_whom_a_person_took_over_no_guard_ousts(serving: Any) -> None:
    """Nor after the connection broke in between."""
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", phase=Phase.BAKING, intent=intent(serving))
    keeper.lock(holder(), take_over="by hand")
    guard = serving.deployer(lock=False)
    with pytest.raises(Busy):
        guard.lock(holder("a guard", guard=True))
    assert not keeper.observe().guard
    keeper._connection.close()
    keeper._connection = None
    keeper.observe()
    with pytest.raises(Busy):
        guard.lock(holder("a guard", guard=True))
    keeper.write(keeper.observe().record.but(phase=Phase.HELD, held="looking at it"))
    assert serving.record().phase is Phase.HELD


def test_who_took_over_before_the_commit_point_gives_way_to_the_guard_after_it(serving: Any) -> None:
    keeper = serving.deployer(take_over="somebody went home")
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", phase=Phase.BAKING, intent=intent(serving))
    until(lambda: (serving.details()["lock"] or {}).get("guard"))


def test_who_was_ousted_may_still_look(serving: Any) -> None:
    keeper = serving.deployer()
    serving.deployer("another", take_over="it hangs")
    keeper._connection.close()
    keeper._connection = None
    assert keeper.observe().record.selected == "blue"
    with pytest.raises(Fenced):
        keeper.write(keeper.observe().record.but(held=""))


def test_who_was_ousted_does_not_get_the_lock_back_by_connecting_again(rig: Any) -> None:
    ousted = rig.deployer()
    ousted._connection.close()
    ousted._connection = None
    until(lambda: rig.details()["lock"] is None)
    another = rig.deployer("another")
    ousted.observe()  # connects again, and asks for its old epoch
    assert rig.details()["lock"]["by"] == "another"
    ousted.close()
    another.write(another.observe().record.but(phase=Phase.PREPARING))
    assert rig.details()["lock"]["by"] == "another"


def test_of_many_deployers_at_once_one_has_the_lock(rig: Any) -> None:
    def attempt(number: int) -> str:
        keeper = rig.deployer(lock=False)
        try:
            keeper.lock(holder(str(number)))
        except Busy:
            return "busy"
        keeper.write(keeper.observe().record.but(phase=Phase.PREPARING))
        return "mine"

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(attempt, range(20)))
    assert said.count("mine") == 1
    assert rig.record().generation == 1


def test_a_full_disk_moves_nothing_and_is_said(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses to make any file longer than it is."""
    keeper, another = serving.deployer(), serving.deployer(lock=False)
    serving_before = keeper.observe().record
    wanted = serving_before.but(phase=Phase.PREPARING)
    subprocess.run(["prlimit", "--fsize=0", "--pid", str(serving.about()["worker_pid"])], check=True)
    with pytest.raises(Declined, match="the route file cannot be written"):
        serving.ask("write", epoch=keeper.epoch, record=msgspec.to_builtins(wanted))
    # For an adapter the time of a call goes by in steps, and is over after two attempts: each of them is given many
    # seconds for its answer, so that what is said at the end is that answer, also where it is slow.
    steps = itertools.count(0.0, 0.3 * LONG)
    with monkeypatch.context() as stepping:
        stepping.setattr("readiness_deploy.adapters.local.time", Mock(monotonic=lambda: next(steps)))
        with pytest.raises(Lost, match="the route file cannot be written"):
            keeper.write(wanted)
        with pytest.raises(Lost, match="the route file cannot be written"):
            another.lock(holder(), take_over="it is ours")
    assert keeper.observe().record == serving_before
    assert serving.get()[1] == "v1"


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"do": "fly"}\n',
        b'{"id": 1, "do": "write"}\n',
        b'{"do": "write", "epoch": "1"}\n',
        b'{"do": "start", "epoch": 0, "colour": "red", "release": {}}\n',
        b'{"do": "lock", "holder": 7}\n',
        b'{"do": "traffic", "colour": "blue", "window": "long"}\n',
    ],
)
def test_what_is_no_command_is_answered_and_ends_nothing(rig: Any, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        folder = os.open(rig.state, os.O_RDONLY)
        client.connect(f"/proc/self/fd/{folder}/control.sock")
        os.close(folder)
        client.settimeout(LONG)
        client.sendall(line + b'{"id": 2, "do": "hello"}\n')
        said = b""
        while said.count(b"\n") < 2:
            said += client.recv(65536)
    first, second = (json.loads(one) for one in said.split(b"\n")[:2])
    assert first["error"]["kind"] in ("unknown", "fenced")
    assert second["ok"]["pid"] == rig.about()["pid"]


def test_a_line_without_end_is_cut_off(rig: Any) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        folder = os.open(rig.state, os.O_RDONLY)
        client.connect(f"/proc/self/fd/{folder}/control.sock")
        os.close(folder)
        client.settimeout(10)
        said = b""
        try:
            for _ in range(64):
                client.sendall(b"x" * 65536)
            while piece := client.recv(65536):
                said += piece
        except OSError:
            pass
    assert rig.ask("hello")["state"] == str(rig.state)


def test_whoever_watches_is_told(rig: Any) -> None:
    with Connection(rig.state) as connection:
        connection.call("watch")
        rig.deployer().start("blue", rig.release("v1"))
        events = connection.events(idle=LONG)
        seen = []
        while "colour ready" not in seen:
            seen.append(next(events)["what"])
    assert "colour started" in seen


def test_a_run_that_somebody_wants_back_does_not_end_as_deployed(serving: Any) -> None:
    keeper = serving.deployer()
    keeper.write(keeper.observe().record.but(phase=Phase.PREPARING, intent=intent(serving)))
    keeper.start("green", serving.release("v2"))
    serving.standing("green", "ready")
    record = keeper.observe().record
    slots = {**record.slots, "green": serving.release("v2")}
    keeper.write(record.but(phase=Phase.CONVERGING, selected="green", previous="blue", slots=slots))
    keeper.lock(holder("a person"), take_over="the guard is not to walk this one")
    keeper.write(keeper.observe().record.but(phase=Phase.BAKING))
    serving.ask("request", kind="rollback", by="ops", reason="")
    with pytest.raises(Conflict, match="ops asked for the release to be taken back"):
        keeper.write(keeper.observe().record.but(phase=Phase.STABLE, intent=None))
    with pytest.raises(Declined, match="ops asked for the release to be taken back"):
        serving.ask("request", kind="promote", by="another", reason="")
    keeper.write(keeper.observe().record.but(phase=Phase.RETURNING, selected="blue", previous=None))
    keeper.write(keeper.observe().record.but(phase=Phase.STABLE, intent=None))
