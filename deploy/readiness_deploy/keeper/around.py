"""What one colour needs of the keeper around it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from readiness_deploy.keeper.folder import Folder
from readiness_deploy.keeper.processes import Processes
from readiness_deploy.states import Colour


class Route(Protocol):
    """Where requests go, whatever moves the bytes. The meaning of each word is that of Board."""

    @property
    def selected(self) -> Colour | None: ...
    def point(self, colour: Colour | None) -> None: ...
    def place(self, colour: Colour, address: tuple[str, int] | None, release: str) -> None: ...
    def in_flight(self, colour: Colour) -> int: ...
    async def drained(self, colour: Colour, within: float) -> int: ...
    def counts(self, colour: Colour) -> Mapping[str, int]: ...
    def window(self, colour: Colour, seconds: float) -> Mapping[str, Any]: ...


class Plane(Protocol):
    """What moves the bytes. The meaning of each word is that of Proxy."""

    async def serve(self, sockets: list[socket.socket]) -> None: ...
    def renew(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    async def close(self, within: float) -> int: ...
    async def hand_over(self, within: float) -> None: ...


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
