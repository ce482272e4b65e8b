"""The board that says which colour serves: read for each request, changed in one assignment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from readiness_deploy.keeper.traffic import Traffic
from readiness_deploy.states import COLOURS, Colour

Address = tuple[str, int]
_LOOK = 0.02


class UnderWay(Protocol):
    """A request that a colour has not yet answered to the end."""

    def cut(self) -> None:
        """End it before its time."""
        ...

    def waited(self) -> float | None:
        """Seconds since it was complete; None where it is not, or an answer has begun."""
        ...


class Slot:
    """One colour: where it listens, what it runs, and what is under way there."""

    __slots__ = ("address", "colour", "release", "traffic", "under_way", "waiting")

    def __init__(self, colour: Colour, clock: Callable[[], float]) -> None:
        self.colour = colour
        self.address: Address | None = None
        self.release = ""
        self.traffic = Traffic(clock)
        self.waiting: list[asyncio.Future[None]] = []
        self.under_way: set[UnderWay] = set()

    @property
    def in_flight(self) -> int:
        """How many are under way, open tunnels among them."""
        return len(self.under_way)

    def enter(self, request: UnderWay) -> None:
        """It goes to this colour."""
        self.under_way.add(request)

    def leave(self, request: UnderWay) -> None:
        """It is over, or goes elsewhere."""
        self.under_way.remove(request)
        if not self.in_flight and self.waiting:
            for future in self.waiting:
                if not future.done():
                    future.set_result(None)
            self.waiting.clear()


class Board:
    """The route in memory. Belongs to the thread of one event loop; `clock` gives seconds that never go back,
    `elsewhere` the requests to a colour that another process still carries."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, elsewhere: Callable[[Colour], int] = lambda _: 0
    ) -> None:
        self._elsewhere = elsewhere
        self._slots: dict[Colour, Slot] = {colour: Slot(colour, clock) for colour in COLOURS}
        self._selected: Slot | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def selected(self) -> Colour | None:
        """Who gets new requests."""
        return self._selected.colour if self._selected else None

    @property
    def target(self) -> Slot | None:
        """The slot that gets new requests."""
        return self._selected

    def slot(self, colour: Colour) -> Slot:
        """One of the two."""
        return self._slots[colour]

    def point(self, colour: Colour | None) -> None:
        """Route new requests there from this instant; None: they are told 503."""
        self._selected = self._slots[colour] if colour else None
        self._tell()

    def place(self, colour: Colour, address: Address | None, release: str) -> None:
        """Where a colour listens; None where it does not."""
        slot = self._slots[colour]
        slot.address, slot.release = address, release
        self._tell()

    def listen(self, listener: Callable[[], None]) -> None:
        """Be called after each change."""
        self._listeners.append(listener)

    def in_flight(self, colour: Colour) -> int:
        """Requests that this colour has not yet answered to the end, open tunnels among them."""
        return self._slots[colour].in_flight

    async def drained(self, colour: Colour, within: float) -> int:
        """Wait until nothing is in flight there. Returns at once when that is so, and after `within` seconds at the
        latest with the number that is left. Those are not cut by this: a colour that is told to end may still finish
        them. Whatever it does not finish is counted as cut."""
        slot = self._slots[colour]
        deadline = asyncio.get_running_loop().time() + within
        while slot.in_flight:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            slot.waiting.append(future)
            await asyncio.wait((future,), timeout=left)
            if not future.done():
                future.cancel()
        while (others := self._elsewhere(colour)) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_LOOK)
        return slot.in_flight + others

    def cut(self, colour: Colour) -> int:
        """End everything that is in flight there, at once; how many that were."""
        requests = list(self._slots[colour].under_way)
        for request in requests:
            request.cut()
        return len(requests)

    def counts(self, colour: Colour) -> Mapping[str, int]:
        """Counts since this board began, as Traffic gives them, and `in_flight`."""
        slot = self._slots[colour]
        return {**slot.traffic.counts(), "in_flight": slot.in_flight}

    def window(self, colour: Colour, seconds: float) -> Mapping[str, Any]:
        """The last seconds, as Traffic gives them, with what waits for an answer now."""
        slot = self._slots[colour]
        waits = (request.waited() for request in slot.under_way)
        return slot.traffic.window(seconds, waits=[wait for wait in waits if wait is not None])

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
