"""What one colour needs of the keeper around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from readiness_deploy.keeper.folder import Folder
from readiness_deploy.keeper.processes import Processes
from readiness_deploy.states import Colour


class Route(Protocol):
    """Where requests go: what a slot needs of the keeper's board."""

    def place(self, colour: Colour, address: tuple[str, int] | None, release: str) -> None: ...
    def in_flight(self, colour: Colour) -> int: ...
    async def drained(self, colour: Colour, within: float) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrounding:
    """What a slot has around it. `serving` says whether this colour must be kept up, `told` how a process ended that
    was not our child, `changed` is called when something is to be kept for the next worker."""

    folder: Folder
    processes: Processes
    board: Route
    own: Mapping[str, str]
    note: Callable[..., None]
    changed: Callable[[], None]
    serving: Callable[[Colour], bool]
    told: Callable[[int], int | None]
