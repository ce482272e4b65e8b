"""What the keeper knows besides the record: its processes, timers and requests. A later worker reads it and goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.processes import Identity, boot
from readiness_deploy.record import Release
from readiness_deploy.states import Colour

_LARGEST = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that the keeper started for a colour. `served` says whether the route ever selected it, `rose` whether
    it was ever ready."""

    release: Release
    identity: Identity
    port: int
    instance: str
    restarts: int = 0
    served: bool = False
    ready: bool = False
    rose: bool = False
    stopping: bool = False
    log_from: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked of the run in flight, and in which phase of which run."""

    kind: str
    by: str
    reason: str
    run: str
    phase: str
    at: str


@dataclass(slots=True, kw_only=True)
class Aside:
    """All of it. Times are seconds since boot, sleep included; of another boot they mean nothing. `root` is the folder
    that it was kept in: a copy lies in another one."""

    root: str = ""
    boot: str = field(default_factory=boot)
    running: dict[Colour, Running] = field(default_factory=dict)
    wanted: dict[Colour, Release] = field(default_factory=dict)  # to be started, and not yet running
    guard: Identity | None = None
    asked: Asked | None = None
    baking_since: float | None = None
    retire: dict[Colour, float] = field(default_factory=dict)
    selected: Colour | None = None
    generation: int = 0
    epoch: int = 0
    cut: int = 0
    restarts: int = 0


def now() -> float:
    """Seconds since boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def load(folder: Folder) -> Aside:
    """What the worker before this one knew; nothing where there was none on this boot, or it cannot be read.

    What was asked, counted and last selected outlives a reboot; processes and times do not. A folder that was moved has
    its processes still; those that a copy names are the first one's.
    """
    read = _read(folder)
    if not read.boot or read.boot != boot():
        return Aside(
            asked=read.asked, cut=read.cut, selected=read.selected, generation=read.generation, epoch=read.epoch
        )
    return read if _is_kept_here(read, folder) else _without(read, _read(Folder(Path(read.root))))


def _read(folder: Folder) -> Aside:
    """What lies there, whatever it is worth."""
    try:
        with folder.aside.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Aside)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Aside()


def _is_kept_here(read: Aside, folder: Folder) -> bool:
    """Whether the folder that it was kept in is this one, by whatever name, or is not there any more."""
    try:
        return not read.root or folder.root.samefile(read.root)
    except OSError:
        return True


def _without(read: Aside, first: Aside) -> Aside:
    """What a copy says, without the processes that the first folder looks after."""
    theirs = {one.instance for one in first.running.values()}
    running = {colour: one for colour, one in read.running.items() if one.instance not in theirs}
    return replace(read, running=running, guard=None if read.guard == first.guard else read.guard)


def save(folder: Folder, aside: Aside, files: Files) -> None:
    """Keep it for the next worker. Raises OSError."""
    files.jot(folder.aside, msgspec.json.encode(replace(aside, root=str(folder.root))))
