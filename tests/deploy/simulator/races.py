"""Two who want different things of one machine at once: in every order that matters, and in many that chance makes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from readiness_deploy.bluegreen import End
from readiness_deploy.states import Phase, State

from simulator import plays
from simulator.actor import Actor
from simulator.campaign import EXPAND, V2M, no_litter, plain
from simulator.faults import Violation
from simulator.plays import Theatre, Verb, deploy, intent, theatre
from simulator.promises import honest
from simulator.script import Script, release
from simulator.stage import Part

V3 = intent("r3", release("v3", "m1", "m2"), expand=("m1", "m2"))
STEAL = {"take_over": "it hangs"}


@dataclass(frozen=True, eq=False)
class Race:
    """Two plays on one machine. `steals` means that the second may take the lock from the first."""

    name: str
    first: Callable[[], Verb]
    second: Callable[[], Verb]
    steals: bool
    guard: bool = False

    def place(self) -> Theatre:
        """A machine that serves, with foreign state."""
        return theatre(Script(migrations=EXPAND), guard=self.guard)


RACES = (
    Race("two deploys", lambda: deploy(V2M), lambda: deploy(V3), False),
    Race("a deploy that takes over", lambda: deploy(V2M), lambda: deploy(V3, **STEAL), True),
    Race("the same deploy takes over", lambda: deploy(V2M), lambda: deploy(V2M, **STEAL), True),
    Race("a resume that takes over", lambda: deploy(V2M), lambda: plays.resume_over, True),
    Race("an abort that takes over", lambda: deploy(V2M), lambda: plays.abort_over, True),
    Race("a deploy that takes over, with a guard", lambda: deploy(V2M), lambda: deploy(V3, **STEAL), True, True),
    Race("two deploys with a guard", lambda: deploy(V2M), lambda: deploy(V3), False, True),
)


def run(
    race: Race, *, freezes: frozenset[tuple[str, int]] = frozenset(), chance: tuple[int, float] | None = None
) -> Theatre:
    """One race; afterwards the world is whole, and who says that it succeeded did. Raises Violation."""
    place = race.place()
    stage = place.stage(freezes=freezes, chance=chance)
    actors = [place.actor(stage, name) for name in ("first", "second")]
    verbs = (race.first(), race.second())
    parts = [Part(a.name, _play(v, a)) for a, v in zip(actors, verbs, strict=True)]
    if freezes:
        parts[1].frozen = True
    stage.play(*parts)
    _whole(place, race, [p.result for p in parts])
    return place


def _play(verb: Verb, actor: Actor) -> Callable[[], End]:
    return lambda: verb(actor)


def _whole(place: Theatre, race: Race, ends: list[End]) -> None:
    machine = place.machine
    epochs = [epoch for _, epoch, _ in machine.accepted]
    if epochs != sorted(epochs):
        raise Violation(f"fenced: writes were accepted with the epochs {epochs}")
    part, _ = place.alone(plays.resume)
    if machine.record.phase is not Phase.STABLE:
        raise Violation(f"converges: {machine.record.phase} after {[e.state for e in ends]} and a resume")
    honest(machine, part.result, None, "")
    done = [e.run for e in ends if e.state is State.DONE]
    serves = machine.record.serving()
    if not serves or (not done and race.name == "two deploys"):
        raise Violation(f"one wins: {[e.state for e in ends]}")
    deployed = {r.last.run for _, _, r in machine.accepted if r.last and r.last.outcome == "deployed"}
    if not set(done) <= deployed:
        raise Violation(f"honest: {done} say that they are done, {deployed} were")
    before = plain(place)
    place.alone(plays.resume)
    if plain(place) != before:
        raise Violation("converges: a second resume changed something")
    no_litter(place)


def calls_of(race: Race) -> tuple[list[int], list[int]]:
    """The calls of each actor, undisturbed: those of the first alone, and those of the second after it."""
    place = race.place()
    _, first = place.alone(race.first())
    _, second = place.alone(race.second())
    return list(range(1, first.calls + 2)), list(range(1, second.calls + 2))


def turning_points(race: Race, which: int) -> list[int]:
    """The calls just before, at and after those that change something."""
    place = race.place()
    actors = [place.alone(v())[1] for v in (race.first, race.second)]
    return sorted({n for c in actors[which].changing for n in (c, c + 1)})


def one_switch(race: Race) -> int:
    """The first is stopped at each of its calls, the second runs to its end, the first goes on. Returns how many."""
    calls, _ = calls_of(race)
    for call in calls:
        _told(race, f"first stopped at call {call}", lambda call=call: run(race, freezes=frozenset({("first", call)})))
    return len(calls)


def two_switches(race: Race) -> int:
    """The first stops, the second runs for a while, the first goes on to its end, the second ends."""
    points = list(itertools.product(turning_points(race, 0), turning_points(race, 1)))
    for one, two in points:
        stops = frozenset({("first", one), ("second", two)})
        _told(race, f"first stopped at call {one}, second at {two}", lambda stops=stops: run(race, freezes=stops))
    return len(points)


def by_chance(race: Race, seeds: range, chance: float = 0.05) -> dict[str, int]:
    """Races whose turns come from a seed: how many, and what the record of accepted writes says of them."""
    counts = {"races": 0, "switches": 0, "double_switches": 0, "stale_writes_accepted": 0}
    for seed in seeds:
        place = _told(race, f"seed {seed}", lambda seed=seed: run(race, chance=(seed, chance)))
        accepted = place.machine.accepted
        moves = [r.intent.run for _, _, r in accepted if r.intent and r.phase is Phase.CONVERGING]
        counts["races"] += 1
        counts["switches"] += len(moves)
        counts["double_switches"] += len(moves) - len(set(moves))
        counts["stale_writes_accepted"] += sum(epoch != record.epoch for _, epoch, record in accepted)
    return counts


def _told(race: Race, what: str, play: Callable[[], Theatre]) -> Theatre:
    try:
        return play()
    except Violation as violation:
        raise AssertionError(f"{race.name}: {what}: {violation}") from violation
