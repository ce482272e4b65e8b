"""The worker is killed at each of its effects, before and after it, in a whole rollout by hand.

Something serves all the time, nothing is left over, and the rollout comes to its end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.bluegreen import carry_out
from readiness_deploy.ports import Conflict, Fenced, Illegal, Lost
from readiness_deploy.record import Bake, decode
from readiness_deploy.states import State

from keeper.rig import LONG, Rig, holder, until
from keeper.runs import intent, world

CRASHING = Path(__file__).with_name("crashing.py")
# A quick run of the suite tries every so manieth effect; READINESS_KILLS=1 tries them all.
STRIDE = int(os.environ.get("READINESS_KILLS", "20"))
FAST = {"ready": {"interval": 0.02, "timeout": 10, "failures": 2, "within": 60}, "stop": {"drain": 60, "grace": 10}}


def again(act: Any) -> None:
    """As a deployer does: what was lost or refused is looked at anew, and decided anew."""
    deadline = time.monotonic() + LONG
    while True:
        with suppress(Lost, Conflict, Fenced, Illegal):
            if act():
                return
        assert time.monotonic() < deadline, "the rollout does not go on"
        time.sleep(0.01)


class Script:
    """start → switch → back → stop, each step idempotent, over and over until it is so."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.keeper = rig, rig.deployer(lock=False)
        self.v1, self.v2 = rig.release("v1", **FAST), rig.release("v2", **FAST)

    def run(self) -> None:
        self.locked()
        self.up("blue", self.v1)
        self.select("blue")
        self.up("green", self.v2)
        self.select("green")
        self.select("blue")
        self.down("green")

    def locked(self) -> None:
        def act() -> bool:
            self.keeper.lock(holder(), take_over="the test")
            return True

        again(act)

    def up(self, colour: Any, release: Any) -> None:
        def act() -> bool:
            self.keeper.start(colour, release)
            view = self.keeper.observe().colours[colour]
            return view.ready and view.release == release.id

        again(act)

    def select(self, colour: Any) -> None:
        def act() -> bool:
            record = self.keeper.observe().record
            if record.selected == colour:
                return True
            slots = {"blue": self.v1, "green": self.v2} if colour == "green" else {**record.slots, "blue": self.v1}
            self.keeper.write(record.but(selected=colour, slots=slots))
            return False

        again(act)

    def down(self, colour: Any) -> None:
        def act() -> bool:
            self.keeper.stop(colour)
            return self.keeper.observe().colours[colour].standing == "absent"

        again(act)


def crashing(place: Path, at: int, when: str) -> Rig:
    aim(place, at, when)
    return Rig(place / "state", program=(sys.executable, str(CRASHING), str(place)))


def aim(place: Path, at: int, when: str) -> None:
    """From now on, this effect is deadly."""
    (place / "new").write_text(f"{at} {when}")
    (place / "new").replace(place / "aim")


def effects(place: Path) -> int:
    """How many there were."""
    return (place / "counter").stat().st_size


def played(tmp_path: Path, at: int, when: str) -> int:
    """One play with one death; how many effects it had."""
    place = tmp_path / f"{at}-{when}"
    place.mkdir()
    rig = crashing(place, at, when)
    try:
        again(lambda: rig.start())
        script = Script(rig)
        script.locked()
        script.up("blue", script.v1)
        script.select("blue")
        with rig.load(clients=2, fresh=True) as load:
            load.more(1)
            script.run()
            count = effects(place)
            load.more(1)
        # What the dead worker had in its hands is cut, and nothing else is.
        faults = [one for one in load.faults if not one.startswith(("ConnectionReset", "RemoteDisconnected"))]
        assert faults == []
        assert len(load.faults) <= 2 * load.clients
        sane(rig)
    finally:
        rig.clean_up()
    return count


def sane(rig: Rig) -> None:
    """The selected colour serves, the record can be read, and only what is accounted for runs."""
    details = rig.details()
    record = decode((rig.state / "route.json").read_bytes())
    assert record.selected == "blue"
    assert details["actual"] == ["blue"]
    assert details["record"]["generation"] == record.generation
    rig.standing("blue", "ready")
    assert rig.get()[1:] == ("v1", "v1")
    until(lambda: rig.processes() == [rig.details()["colours"]["blue"]["pid"]], why=rig.processes)
    assert list(rig.state.glob(".*.new")) == []


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[Rig, Script]]:
    """A keeper that serves v1 from blue and has v2 ready in green, and will die where it is aimed at."""
    rig = crashing(tmp_path, 0, "after")
    rig.start()
    script = Script(rig)
    try:
        script.locked()
        script.up("blue", script.v1)
        script.select("blue")
        script.up("green", script.v2)
        yield rig, script
    finally:
        rig.clean_up()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_whose_reply_is_lost_is_not_said_again(mortal: tuple[Rig, Script], when: str) -> None:
    """The first effect of a write is not the one that counts: it did not happen, and only a new look may decide."""
    rig, script = mortal
    record = script.keeper.observe().record
    aim(rig.state.parent, effects(rig.state.parent) + 1, when)
    with pytest.raises(Lost):
        script.keeper.write(record.but(held="written once"))
    assert script.keeper.observe().record == record


def test_a_worker_that_dies_while_it_takes_over_forgets_no_colour(mortal: tuple[Rig, Script]) -> None:
    rig, _ = mortal
    before = sorted(rig.processes())
    assert len(before) == 2
    aim(rig.state.parent, effects(rig.state.parent) + 1, "after")
    rig.kill("worker")
    until(lambda: effects(rig.state.parent) > int((rig.state.parent / "aim").read_text().split()[0]), why=rig.details)
    assert rig.details()["colours"]["green"]["standing"] == "ready"
    assert sorted(rig.processes()) == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_worker_dies_at_each_effect(tmp_path: Path, when: str) -> None:
    at, tried = 1, 0
    while True:
        count = played(tmp_path, at, when)
        if at > count:
            break  # it came to its end with no death left to die
        tried += 1
        at += STRIDE
    assert tried >= 3, "a rollout has more effects than that"
    figures(when, tried, count)


def deployed(tmp_path: Path, number: int, when: str) -> int:
    """One deploy by the real table, with its guard, and one death; how many effects it had."""
    place = tmp_path / f"deploy-{number}-{when}"
    place.mkdir()
    rig = crashing(place, 0, when)
    try:
        rig.start()
        keeper = rig.deployer()
        rig.serve(keeper, "blue", rig.release("v1", **FAST))
        before = effects(place)
        aim(place, before + number, when)
        release = rig.release("v2", **FAST)
        with rig.load(clients=2, fresh=True) as load:
            end = carry_out(world(keeper, release), intent(release, "r", bake=Bake(seconds=0.3, converge=60), keep=0.2))
            assert end.state is State.DONE, end
            rig.standing("blue", "absent")
            until(lambda: rig.about()["guard_pid"] is None)
            count = effects(place) - before
            load.more(1)
        assert [one for one in load.faults if not one.startswith(("ConnectionReset", "RemoteDisconnected"))] == []
        assert rig.get()[1] == "v2"
        assert rig.processes() == [rig.details()["colours"]["green"]["pid"]]
    finally:
        rig.clean_up()
    return count


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_worker_dies_at_each_effect_of_a_deploy(tmp_path: Path, when: str) -> None:
    """The deploy comes to its end nevertheless, with the release that it was for."""
    number = 1
    while (count := deployed(tmp_path, number, when)) >= number:
        number += STRIDE
    assert number > STRIDE
    figures(f"in a deploy, {when}", (number - 1) // STRIDE, count)


def figures(when: str, tried: int, effects: int) -> None:
    """For the table of proofs. `effects` is how many a run had in which nothing died."""
    where = os.environ.get("READINESS_PROOF_DIR")
    if where:
        found = {"tried": tried, "survived": tried, "effects_of_a_run": effects, "tried_is_every": STRIDE}
        text = json.dumps({"what": f"keeper killed {when} an effect", **found})
        (Path(where) / f"keeper-kills-{when.replace(', ', '-').replace(' ', '-')}.json").write_text(text)
