"""The kill campaigns: in each scenario a command is killed at one effect after the other, for as long as there is time.

Of each kind of effect the first one is tried, then the last one, then always the middle of what was left out; what the
keeper, a database or a process is told comes before files and the history, of which most is before anything has begun.
The scenarios take turns, so that each gets its share of the time.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process.campaign import Account, point
from process.rig import Rig
from process.scenarios import SCENARIOS, First

LANES = 2
"""Scenarios that are tried at a time: a trial mostly waits."""
ENOUGH = 3
"""So many failures of one scenario, and no more of it is tried."""
DULL = ("file ", "history ")
FAULTS = (AssertionError, subprocess.TimeoutExpired, OSError, ValueError, LookupError, TypeError)
Point = tuple[str, int]


def spread(count: int) -> Iterator[int]:
    """1 to `count`, each once: the first, the last, then always the middle of a gap, of the widest ones first."""
    yield from (1, count)[: min(count, 2)]
    gaps = [(1, count)]
    while gaps:
        halves = []
        for low, high in gaps:
            if high - low > 1:
                middle = (low + high) // 2
                yield middle
                halves += [(low, middle), (middle, high)]
        gaps = halves


@dataclass
class Campaign:
    """One scenario. It begins with a run in which nobody dies, which says what effects there are; a later run may have
    more of them, and then there is more to try."""

    name: str
    place: Path
    scenario: Any = None
    account: Account = field(init=False)
    attempted: set[Point] = field(default_factory=set)
    not_reached: int = 0
    failures: list[str] = field(default_factory=list)
    rig: Rig | None = None
    rigs: int = 0

    def __post_init__(self) -> None:
        self.scenario = self.scenario or SCENARIOS[self.name]()
        self.account = Account(self.scenario.name)

    @property
    def untried(self) -> list[Point]:
        """The points that are left: the first effects of each kind, the last ones, and so on."""
        most = self.account.most
        ranked = sorted(
            (rank, kind.startswith(DULL), kind, at) for kind, n in most.items() for rank, at in enumerate(spread(n))
        )
        return [(kind, at) for *_, kind, at in ranked if (kind, at) not in self.attempted]

    @property
    def each_kind(self) -> bool:
        """Whether of each kind of effect the first one was tried."""
        return bool(self.account.most) and {(kind, 1) for kind in self.account.most} <= self.attempted

    @property
    def over(self) -> bool:
        return len(self.failures) >= ENOUGH or bool(self.account.most and not self.untried)

    def step(self) -> None:
        """The next trial; a rig that one has gone wrong on is not used again."""
        at = self.untried[0] if self.account.most else None
        try:
            self._tried(at)
        except FAULTS as fault:
            where = f"killed at {at[0]}:{at[1]}" if at else "undisturbed"
            self.failures.append(f"{self.name}, {where}: {type(fault).__name__}: {fault}")
            self.end()

    def _tried(self, at: Point | None) -> None:
        if self.rig and isinstance(self.scenario, First):
            self.end()
        if not self.rig:
            self.rigs += 1
            self.rig = Rig(self.place / f"{self.name}-{self.rigs}")
        tried = self.account.tried
        if at is None:
            assert not point(self.rig, self.scenario, "", self.account, deploy=False)
            return
        self.attempted.add(at)
        deploy, wipe = bool(tried % 2), tried % 5 == 4
        if not point(self.rig, self.scenario, f"{at[0]}:{at[1]}", self.account, deploy=deploy, wipe=wipe):
            self.not_reached += 1

    def end(self) -> None:
        rig, self.rig = self.rig, None
        if rig:
            rig.close()

    def figures(self) -> dict[str, Any]:
        """What was tried, and of how much."""
        return {
            **self.account.figures(),
            "kinds_of_effects": len(self.account.most),
            "each_kind_tried": self.each_kind,
            "points_of_a_run": self.account.most.total(),
            "points_that_the_run_did_not_come_to": self.not_reached,
            "every_point_tried": bool(self.account.most) and not self.untried and not self.not_reached,
        }


def carried_out(campaigns: Sequence[Campaign], left: Callable[[], float], lanes: int = LANES) -> None:
    """Try whatever there is to try, within the time that is left; the one that was tried least is next."""
    turn, free, ended = threading.Lock(), list(campaigns), threading.Event()

    def taken() -> Campaign | None:
        with turn:
            ready = [one for one in free if not one.over]
            found = min(ready, key=lambda one: one.account.tried, default=None)
            if found:
                free.remove(found)
            return found

    def lane() -> None:
        while not ended.is_set() and left() > 0 and (campaign := taken()):
            campaign.step()
            with turn:
                free.append(campaign)

    try:
        with ThreadPoolExecutor(lanes) as pool:
            running = [pool.submit(lane) for _ in range(lanes)]
            try:
                for one in running:
                    one.result()
            finally:
                ended.set()
    finally:
        for campaign in campaigns:
            campaign.end()
