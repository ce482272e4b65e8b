"""Two who want different things at the same time: never two switches, never a stale write."""

from __future__ import annotations

import pytest
from readiness_deploy.ports import Busy, Fenced, Holder
from simulator import races
from simulator.plays import theatre
from simulator.proof import FULL, figures, sample
from simulator.races import RACES, Race

SEEDS = sample(range(1000), 3) if FULL else range(40)
BOTH = [race for race in RACES if FULL or race.name in ("a deploy that takes over", "an abort that takes over")]


@pytest.mark.parametrize("race", RACES, ids=lambda r: r.name)
def test_turns_by_chance(race: Race) -> None:
    with figures(f"races-{race.name.replace(' ', '-').replace(',', '')}") as counts:
        counts.update(races.by_chance(race, SEEDS), first_seed=SEEDS[0], last_seed=SEEDS[-1])
    assert counts["double_switches"] == counts["stale_writes_accepted"] == 0
    assert counts["races"] == len(SEEDS)


@pytest.mark.parametrize("race", RACES, ids=lambda r: r.name)
def test_the_first_is_stopped_anywhere_and_goes_on_later(race: Race) -> None:
    with figures(f"one-switch-{race.name.replace(' ', '-').replace(',', '')}") as counts:
        counts["orders"] = races.one_switch(race)
    assert counts["orders"] > 1


@pytest.mark.parametrize("race", BOTH, ids=lambda r: r.name)
def test_both_are_stopped_anywhere(race: Race) -> None:
    with figures(f"two-switches-{race.name.replace(' ', '-').replace(',', '')}") as counts:
        counts["orders"] = races.two_switches(race)
    assert counts["orders"] > 1


def test_the_same_seed_is_the_same_race() -> None:
    race = RACES[1]
    traces = [[a.trace for a in races.run(race, chance=(7, 0.05)).actors] for _ in range(2)]
    assert traces[0] == traces[1]


def test_a_stale_holder_is_refused_everywhere() -> None:
    """After a takeover, each door that changes something refuses the one who was ousted."""
    place = theatre()
    stage = place.stage()
    machine = place.machine
    holder = Holder(by="a", host="here", pid=1, run="", since="")
    old = machine.take("a", holder)
    with pytest.raises(Busy):
        machine.take("b", holder)
    machine.take("b", holder, take_over="it hangs")
    assert stage is not None
    release = machine.record.slots["blue"]
    for change in (
        lambda: machine.write("a", old, machine.record.but()),
        lambda: machine.start(old, "green", release),
        lambda: machine.stop(old, "green"),
        lambda: machine.retire(old, "green", 1),
    ):
        with pytest.raises(Fenced):
            change()
