"""What every keeper of a record promises: the same tests for the simulator and for the real one with processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from keeper.rig import Rig, holder, until
from keeper.rig import release as real_release
from readiness_deploy.ports import Busy, Conflict, Fenced, Holder, Illegal, Observation, Standing
from readiness_deploy.record import Intent, Record, Release
from readiness_deploy.states import Colour, Goal, Phase
from simulator.machine import Machine
from simulator.script import Behaviour, Script
from simulator.script import release as simulated_release


class Door(Protocol):
    """One process' connection."""

    def lock(self, holder: Holder, *, take_over: str = "") -> int: ...
    def unlock(self) -> None: ...
    def close(self) -> None: ...
    def observe(self) -> Observation: ...
    def write(self, record: Record) -> None: ...
    def start(self, colour: Colour, release: Release) -> None: ...
    def stop(self, colour: Colour) -> None: ...
    def retire(self, colour: Colour, after: float) -> None: ...
    def request(self, kind: str, by: str, reason: str = "") -> None: ...
    def freeze(self, reason: str, owner: str) -> None: ...


class Place(Protocol):
    """Where the doors lead to."""

    def door(self) -> Door: ...
    def release(self, name: str, *, ready: bool = True) -> Release: ...
    def until(self, what: Callable[[Observation], bool]) -> Observation: ...
    def now(self) -> float: ...
    def retiring(self) -> set[str]: ...


class _SimulatedDoor:
    def __init__(self, machine: Machine, name: str) -> None:
        self._machine, self._name, self._epoch = machine, name, 0

    def lock(self, holder: Holder, *, take_over: str = "") -> int:
        self._epoch = self._machine.take(self._name, holder, take_over=take_over)
        return self._epoch

    def unlock(self) -> None:
        self._machine.give_back(self._name)

    def close(self) -> None:
        self._machine.leave(self._name)

    def observe(self) -> Observation:
        return self._machine.observe()

    def write(self, record: Record) -> None:
        self._machine.write(self._name, self._epoch, record)

    def start(self, colour: Colour, release: Release) -> None:
        self._machine.start(self._epoch, colour, release)

    def stop(self, colour: Colour) -> None:
        self._machine.stop(self._epoch, colour)

    def retire(self, colour: Colour, after: float) -> None:
        self._machine.retire(self._epoch, colour, after)

    def request(self, kind: str, by: str, reason: str = "") -> None:
        from readiness_deploy.ports import Request

        self._machine.ask(Request(kind=kind, by=by, reason=reason))

    def freeze(self, reason: str, owner: str) -> None:
        from readiness_deploy.record import Freeze

        self._machine.freeze(Freeze(reason=reason, owner=owner, since="now"))


class _Simulated:
    def __init__(self) -> None:
        self.machine = Machine(Script(releases={"never": Behaviour(ready_after=None)}))
        self.doors = 0

    def door(self) -> Door:
        self.doors += 1
        return _SimulatedDoor(self.machine, f"door {self.doors}")

    def release(self, name: str, *, ready: bool = True) -> Release:
        return simulated_release(name if ready else "never")

    def until(self, what: Callable[[Observation], bool]) -> Observation:
        for _ in range(2000):
            seen = self.machine.observe()
            if what(seen):
                return seen
            self.machine.advance(self.machine.now + 0.05)
        raise AssertionError(f"did not come: {self.machine.observe()}")

    def now(self) -> float:
        return self.machine.now

    def retiring(self) -> set[str]:
        return set(self.machine.timers)


class _Real:
    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def door(self) -> Door:
        return self.rig.deployer(lock=False)

    def release(self, name: str, *, ready: bool = True) -> Release:
        return real_release(name, *(() if ready else ("--ready-after", "3600")))

    def until(self, what: Callable[[Observation], bool]) -> Observation:
        door = self.door()
        found: Observation = until(lambda: (seen := door.observe()) and what(seen) and seen, why=self.rig.details)
        return found

    def now(self) -> float:
        return time.monotonic()

    def retiring(self) -> set[str]:
        return set(self.rig.details()["retire"])


@pytest.fixture(params=["simulated", "keeper"])
def place(request: Any, tmp_path: Path) -> Iterator[Place]:
    if request.param == "simulated":
        yield _Simulated()
        return
    rig = Rig(tmp_path.resolve() / "state")
    rig.start()
    yield _Real(rig)
    rig.clean_up()


def _standing(colour: Colour, wanted: Standing) -> Callable[[Observation], bool]:
    return lambda seen: seen.colours[colour].standing is wanted


def _locked(place: Place, by: str = "somebody") -> Door:
    door = place.door()
    door.lock(holder(by))
    return door


def _select(place: Place, door: Door, colour: Colour, release: Release, **more: Any) -> None:
    door.start(colour, release)
    place.until(_standing(colour, Standing.READY))
    record = door.observe().record
    door.write(record.but(selected=colour, slots={**record.slots, colour: release}, **more))


def _intent(release: Release, colour: Colour = "green") -> Intent:
    return Intent(run="r", goal=Goal.DEPLOY, release=release, colour=colour)


# The lock


def test_one_holds_the_lock_and_the_others_hear_who(place: Place) -> None:
    _locked(place)
    with pytest.raises(Busy, match="somebody") as busy:
        place.door().lock(holder("another"))
    assert busy.value.holder.by == "somebody"


def test_a_holder_that_dies_frees_the_lock(place: Place) -> None:
    first = _locked(place)
    epoch = first.observe().record.epoch
    first.close()
    second = place.door()

    def free(_: Observation) -> bool:
        try:
            return second.lock(holder("another")) == epoch + 1
        except Busy:
            return False

    place.until(free)


def test_each_taking_raises_the_epoch(place: Place) -> None:
    door = place.door()
    epochs = []
    for _ in range(3):
        epochs.append(door.lock(holder()))
        assert door.observe().record.epoch == epochs[-1]
        door.unlock()
    assert epochs == sorted(set(epochs))


def test_who_gave_the_lock_back_changes_nothing_more(place: Place) -> None:
    door = _locked(place)
    record = door.observe().record
    door.unlock()
    with pytest.raises(Fenced):
        door.write(record.but(held="later"))


def test_a_takeover_fences_the_one_before(place: Place) -> None:
    first = _locked(place)
    record = first.observe().record
    second = place.door()
    second.lock(holder("another"), take_over="the first one hangs")
    release = place.release("v1")
    for change in (
        lambda: first.write(record.but(held="stale")),
        lambda: first.start("blue", release),
        lambda: first.stop("blue"),
        lambda: first.retire("blue", 1.0),
    ):
        with pytest.raises(Fenced):
            change()
    seen = second.observe()
    assert seen.record.held == ""
    assert seen.colours["blue"].standing is Standing.ABSENT
    second.write(seen.record.but(held="the second one may"))


def test_the_guard_takes_the_lock_after_the_switch_only(place: Place) -> None:
    deployer = _locked(place)
    guard = place.door()
    with pytest.raises(Busy):
        guard.lock(holder("guard", guard=True))
    release = place.release("v1")
    _select(place, deployer, "blue", release, phase=Phase.CONVERGING, intent=_intent(release, "blue"))

    def ousted(seen: Observation) -> bool:
        try:
            guard.lock(holder("guard", guard=True))
        except Busy as busy:
            # The keeper's own guard was quicker.
            return busy.holder.guard
        return True

    place.until(ousted)
    with pytest.raises(Fenced):
        deployer.write(deployer.observe().record.but(held="it is the guard's now"))


def test_what_a_person_takes_over_after_the_switch_no_guard_takes(place: Place) -> None:
    deployer = _locked(place)
    release = place.release("v1")
    _select(place, deployer, "blue", release, phase=Phase.CONVERGING, intent=_intent(release, "blue"))
    person = place.door()
    person.lock(holder("person"), take_over="by hand")
    assert person.observe().guard is False
    with pytest.raises(Busy):
        place.door().lock(holder("guard", guard=True))


# The record


def test_a_write_replaces_what_it_has_seen(place: Place) -> None:
    door = _locked(place)
    record = door.observe().record
    door.write(record.but(held="one"))
    with pytest.raises(Conflict):
        door.write(record.but(held="two"))
    with pytest.raises(Conflict):
        door.write(replace(record, held="skips one", generation=record.generation + 3))
    assert door.observe().record.held == "one"


def test_the_epoch_of_a_written_record_is_not_believed(place: Place) -> None:
    door = _locked(place)
    record = door.observe().record
    door.write(replace(record.but(held="x"), epoch=999))
    assert door.observe().record.epoch == record.epoch


def test_a_freeze_is_a_write_like_any_other(place: Place) -> None:
    door = _locked(place)
    record = door.observe().record
    place.door().freeze("holidays", "ops")
    with pytest.raises(Conflict):
        door.write(record.but(held="as if nothing had been"))
    frozen = door.observe().record.freeze
    assert frozen
    assert (frozen.reason, frozen.owner) == ("holidays", "ops")


def test_the_whole_record_comes_back(place: Place) -> None:
    door = _locked(place)
    release = place.release("v1")
    wanted = door.observe().record.but(phase=Phase.PREPARING, intent=_intent(release), floor=("m1",), held="ä\n\u2028")
    door.write(wanted)
    assert door.observe().record == wanted


# Selecting


def test_what_is_ready_may_be_selected_and_is_the_route(place: Place) -> None:
    door = _locked(place)
    assert door.observe().actual == frozenset()
    release = place.release("v1")
    _select(place, door, "blue", release)
    seen = door.observe()
    assert seen.actual == {"blue"}
    assert seen.record.serving() == release
    assert seen.colours["blue"].ready
    assert seen.colours["blue"].release == "v1"


def test_nothing_else_may_be_selected(place: Place) -> None:
    door = _locked(place)
    release, never = place.release("v1"), place.release("v2", ready=False)
    _select(place, door, "blue", release)
    record = door.observe().record
    absent = record.but(selected="green", slots={**record.slots, "green": release})
    with pytest.raises(Illegal):
        door.write(absent)
    door.start("green", never)
    place.until(_standing("green", Standing.STARTING))
    with pytest.raises(Illegal):
        door.write(record.but(selected="green", slots={**record.slots, "green": never}))
    with pytest.raises(Illegal):
        door.write(record.but(selected=None))
    assert door.observe().actual == {"blue"}
    assert door.observe().record == record


def test_a_colour_with_another_release_may_not_be_selected(place: Place) -> None:
    door = _locked(place)
    first, second = place.release("v1"), place.release("v2")
    _select(place, door, "blue", first)
    door.start("green", first)
    place.until(_standing("green", Standing.READY))
    record = door.observe().record
    with pytest.raises(Illegal):
        door.write(record.but(selected="green", slots={**record.slots, "green": second}))
    assert door.observe().actual == {"blue"}


def test_a_colour_that_is_being_stopped_may_not_be_selected(place: Place) -> None:
    door = _locked(place)
    first, second = place.release("v1"), place.release("v2")
    _select(place, door, "blue", first)
    door.start("green", second)
    place.until(_standing("green", Standing.READY))
    record = door.observe().record
    door.stop("green")
    with pytest.raises(Illegal):
        door.write(record.but(selected="green", slots={**record.slots, "green": second}))


# The slots


def test_starting_again_is_nothing(place: Place) -> None:
    door = _locked(place)
    release = place.release("v1")
    door.start("blue", release)
    door.start("blue", release)
    seen = place.until(_standing("blue", Standing.READY))
    probes = seen.colours["blue"].probes
    door.start("blue", release)
    assert door.observe().colours["blue"].ready
    assert door.observe().colours["blue"].probes >= probes, "it was started anew"


def test_another_release_takes_the_place(place: Place) -> None:
    door = _locked(place)
    door.start("green", place.release("v1"))
    place.until(_standing("green", Standing.READY))
    door.start("green", place.release("v2"))
    seen = place.until(lambda s: s.colours["green"].ready and s.colours["green"].release == "v2")
    assert seen.colours["green"].restarts == 0


def test_stopping_again_is_nothing(place: Place) -> None:
    door = _locked(place)
    door.stop("green")
    door.start("green", place.release("v1"))
    place.until(_standing("green", Standing.READY))
    door.stop("green")
    door.stop("green")
    place.until(_standing("green", Standing.ABSENT))
    door.stop("green")
    assert door.observe().colours["green"].standing is Standing.ABSENT


def test_what_serves_is_not_touched(place: Place) -> None:
    door = _locked(place)
    release = place.release("v1")
    _select(place, door, "blue", release)
    for change in (
        lambda: door.stop("blue"),
        lambda: door.retire("blue", 0.0),
        lambda: door.start("blue", place.release("v2")),
    ):
        with pytest.raises(Illegal):
            change()
    door.start("blue", release)
    seen = door.observe()
    assert seen.actual == {"blue"}
    assert seen.colours["blue"].ready


def test_retired_when_its_time_is_over_and_not_before(place: Place) -> None:
    door = _locked(place)
    _select(place, door, "blue", place.release("v1"))
    door.start("green", place.release("v2"))
    place.until(_standing("green", Standing.READY))
    began = place.now()
    door.retire("green", 0.5)
    place.until(lambda seen: not seen.colours["green"].ready)
    assert place.now() - began >= 0.5
    place.until(_standing("green", Standing.ABSENT))
    assert door.observe().actual == {"blue"}


def test_who_is_needed_again_is_not_retired(place: Place) -> None:
    """A start in the slot, and being selected, both call the retirement off."""
    door = _locked(place)
    first, second = place.release("v1"), place.release("v2")
    _select(place, door, "blue", first)
    _select(place, door, "green", second, previous="blue")
    door.retire("blue", 3600.0)
    assert place.retiring() == {"blue"}
    record = door.observe().record
    door.write(record.but(selected="blue", previous="green"))
    assert place.retiring() == set()
    door.retire("green", 3600.0)
    assert place.retiring() == {"green"}
    door.start("green", second)
    assert place.retiring() == set()
    seen = door.observe()
    assert seen.actual == {"blue"}
    assert seen.colours["blue"].ready
    assert seen.colours["green"].ready


# Requests


def test_a_request_is_shown_until_the_run_ends(place: Place) -> None:
    door = _locked(place)
    release = place.release("v1")
    door.write(door.observe().record.but(phase=Phase.PREPARING, intent=_intent(release, "blue")))
    _select(place, door, "blue", release, phase=Phase.BAKING)
    door.lock(holder(), take_over="to end it")  # from the guard that the real keeper has, which would end it by itself
    place.door().request("rollback", "ops", "it is slow")
    asked = place.until(lambda s: s.request is not None).request
    assert asked
    assert (asked.kind, asked.by, asked.reason) == ("rollback", "ops", "it is slow")
    door.write(door.observe().record.but(phase=Phase.RETURNING))
    door.write(door.observe().record.but(phase=Phase.STABLE, intent=None))
    assert door.observe().request is None
