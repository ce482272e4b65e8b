"""On the way back, whoever walks it is heard all the time, however long nobody answers at the entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from readiness_deploy.deeds import returning
from readiness_deploy.record import Bake


@dataclass
class Around:
    """A world in which nothing but time passes: the entry never says which release answers."""

    at: float = 0.0
    observed: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.route = self.entry = self.clock = self.journal = self

    def observe(self) -> None:
        self.observed.append(self.at)

    def identity(self) -> str:
        return ""

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def note(self, what: str, **_: Any) -> None:
        self.notes.append(what)


@dataclass
class Wanted:
    bake: Bake


def test_the_keeper_hears_who_waits_for_the_old_release() -> None:
    """A guard that the keeper does not hear for long is taken for one that hangs."""
    around = Around()
    wanted: Any = Wanted(Bake(seconds=1, converge=60))
    world: Any = around
    assert not returning._settled(world, wanted, "v1")
    assert around.at >= 60
    assert max(b - a for a, b in zip(around.observed, around.observed[1:], strict=False)) < 1
    assert around.notes == ["return not seen"]
