"""What a person starts and a SIGKILL ends: for each, how it is set up again and again, and what has to come of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from process.rig import SHIP, Rig

CREATE = "CREATE TABLE orders (id INTEGER PRIMARY KEY);\n"
ADD = "ALTER TABLE orders ADD COLUMN paid INTEGER;\n"


@dataclass(frozen=True, slots=True)
class Trial:
    """One command on a rig where `old` serves. Undisturbed, its run ends with `outcome` and it with `code`, and then
    `serving` serves. `new` is the version that the run is about."""

    words: tuple[str, ...]
    old: str
    new: str
    outcome: str
    code: int
    serving: str


class Scenario(Protocol):
    """Sets one up: brings the rig to where the command makes sense, and says which command."""

    name: str

    def ready(self, rig: Rig) -> Trial: ...


@dataclass
class Versions:
    """New names for versions."""

    count: int = 0

    def next(self, rig: Rig, *arguments: str, **sql: str) -> str:
        self.count += 1
        return rig.version(f"v{self.count}", *arguments, **sql)


def serving(rig: Rig) -> str:
    """The version that serves; empty where nothing was deployed."""
    if not rig.kept():
        return ""
    record = rig.record()
    return str(record["slots"][record["selected"]]["version"]) if record["selected"] else ""


@dataclass
class Upgrade:
    """A release with an expand migration. The database is put back before each trial, so that there is one to apply."""

    name: str = "upgrade with a migration"
    versions: Versions = field(default_factory=Versions)

    def ready(self, rig: Rig) -> Trial:
        database, before = rig.place / "shop.db", rig.place / "before.db"
        old = serving(rig)
        if not old:
            rig.settings(bake=1.0, more=f"      migrations: {{database: 'sqlite:///{database}', sql: sql}}")
            old = self.versions.next(rig, m001=CREATE)
            rig.shipped(old)
            shutil.copy(database, before)
        for left in rig.place.glob("shop.db*"):
            left.unlink()
        shutil.copy(before, database)
        new = self.versions.next(rig, m001=CREATE, m002=ADD)
        return Trial(("deploy", "--version", new, *SHIP), old, new, "deployed", 0, new)


@dataclass
class Plain:
    """A deploy of a release that was started with these arguments, over one that is well."""

    name: str
    arguments: tuple[str, ...]
    outcome: str
    code: int
    bake: float = 1.0
    interval: float | None = None  # of the gate in the bake
    versions: Versions = field(default_factory=Versions)

    def ready(self, rig: Rig) -> Trial:
        old = serving(rig)
        rig.settings(bake=self.bake, interval=self.interval)
        if not old:
            old = self.versions.next(rig)
            rig.shipped(old)
        new = self.versions.next(rig, *self.arguments)
        return Trial(("deploy", "--version", new, *SHIP), old, new, self.outcome, self.code, old)


def taken_back() -> Plain:
    """It answers badly after a few requests: the gate after the switch sees it, and the guard goes back."""
    return Plain("automatic rollback", ("--fail-after", "4"), "rolled-back", 5, bake=4.0, interval=0.3)


def gated() -> Plain:
    """It answers badly from the first request on: the gate before the switch sees it."""
    return Plain("gate fails before the switch", ("--fail-after", "0"), "aborted", 4)


@dataclass
class Back:
    """A person goes back to the release that stands by."""

    name: str = "manual rollback"
    versions: Versions = field(default_factory=Versions)

    def ready(self, rig: Rig) -> Trial:
        rig.settings(bake=1.0)
        old = serving(rig)
        if not old:
            rig.shipped(self.versions.next(rig))
            old = serving(rig)
        new = self.versions.next(rig)
        rig.shipped(new)
        # What this run is about is the release before.
        return Trial(("rollback", "--format", "json"), new, old, "rolled-back", 0, old)


@dataclass
class Withdrawn:
    """A candidate waits for an approval, and a person withdraws it."""

    name: str = "abort"
    versions: Versions = field(default_factory=Versions)

    def ready(self, rig: Rig) -> Trial:
        old = serving(rig)
        if not old:
            rig.settings(bake=1.0)
            old = self.versions.next(rig)
            rig.shipped(old)
        rig.settings(bake=1.0, more="      approval: required")
        new = self.versions.next(rig)
        done = rig.deploy(new)
        assert done.code == 8, done
        rig.settings(bake=1.0)
        return Trial(("abort", "--format", "json"), old, new, "aborted", 4, old)


@dataclass
class First:
    """The first deploy of all. Each trial has a state folder of its own."""

    name: str = "first deploy"

    def ready(self, rig: Rig) -> Trial:
        rig.settings(bake=1.0)
        if not (rig.project / "versions").exists():
            rig.version("v1")
        return Trial(("deploy", "--version", "v1", *SHIP), "", "v1", "deployed", 0, "v1")


SCENARIOS: dict[str, Callable[[], Any]] = {
    "upgrade": Upgrade,
    "taken-back": taken_back,
    "rollback": Back,
    "gated": gated,
    "abort": Withdrawn,
    "first": First,
}


def wiped(rig: Rig) -> None:
    """Lose the history: a rollout does not depend on it."""
    for file in rig.state.glob("history.db*"):
        file.unlink(missing_ok=True)
