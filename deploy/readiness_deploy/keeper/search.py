"""The search of one request for a connection to the colour that is selected.

Nothing has been sent while a search goes on, so it may take its time, and change its mind with the route.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from readiness_deploy.keeper.board import Slot
from readiness_deploy.keeper.upstream import Upstream

if TYPE_CHECKING:
    from readiness_deploy.keeper.proxy import Proxy

_PAUSES = (0.01, 0.02, 0.05, 0.1)


class Seeker(Protocol):
    """Who searches. `moved` may be called several times; then one of the others, once for each search."""

    def moved(self, slot: Slot) -> None: ...
    def found(self, upstream: Upstream) -> None: ...
    def unserved(self, why: str) -> None: ...
    def unreachable(self) -> None: ...


class Search:
    """Finds a connection that was used within `longest` seconds, or opens one.

    A colour that accepts none is tried again until the time to hold requests is over. One that has lost the route is
    given up at once for the one that has it.
    """

    __slots__ = (
        "_connecting",
        "_done",
        "_door",
        "_hold_until",
        "_longest",
        "_seeker",
        "_slot",
        "_tries",
        "_waking",
        "fresh",
    )

    def __init__(self, door: Proxy, seeker: Seeker, longest: float) -> None:
        self._door, self._seeker, self._longest = door, seeker, longest
        self._slot: Slot | None = None
        self._connecting = self._tries = 0  # connections on their way; pauses that were made
        self._hold_until = 0.0
        self._waking: asyncio.TimerHandle | None = None
        self._done = False
        self.fresh = False  # take no connection that was used before

    def seek(self) -> None:
        """Go to the selected colour."""
        slot = self._door.board.target
        if slot is None:
            self.stop()
            self._seeker.unserved("no release serves here")
            return
        if slot is not self._slot:
            self._slot = slot
            self._seeker.moved(slot)
        if slot.address is None:
            self._wait("it does not listen")
            return
        upstream = None if self.fresh else self._door.pool.take(slot, self._longest)
        if upstream is not None:
            self._found(upstream)
        else:
            self._connecting += 1
            self._door.held.add(self)
            self._door.pool.open(slot, self)

    def again(self) -> None:
        """Search once more, for a connection that nobody used before."""
        self._done, self.fresh = False, True
        self.seek()

    def stop(self) -> None:
        """Search no more."""
        self._done = True
        self._still()

    def wake(self) -> None:
        """Look again, unless what is waited for is still wanted."""
        if self._idle or (not self._done and self._door.board.target is not self._slot):
            self._still()
            self.seek()

    def opened(self, upstream: Upstream) -> None:
        """A new connection is there. The route may have moved meanwhile, or another connection have come first."""
        self._connecting -= 1
        if self._done or upstream.slot is not self._door.board.target:
            self._door.pool.give(upstream)
            if self._idle:
                self._still()
                self.seek()
        elif upstream.closed:
            self._wait("it closed a new connection at once")
        else:
            self._found(upstream)

    def unopened(self, why: str, *, lacking: bool) -> None:
        """No connection came about."""
        self._connecting -= 1
        if self._idle:
            self._wait(why, lacking=lacking)

    @property
    def _idle(self) -> bool:
        """Whether it goes on, and nothing is on its way."""
        return not self._done and not self._connecting

    def _found(self, upstream: Upstream) -> None:
        self.stop()
        self._seeker.found(upstream)

    def _wait(self, why: str, *, lacking: bool = False) -> None:
        self._still()
        now = self._door.loop.time()
        self._hold_until = self._hold_until or now + self._door.entry.hold
        if now >= self._hold_until:
            self.stop()
            if lacking:
                self._door.lacking(why)
                self._seeker.unserved("the keeper cannot open a connection")
            else:
                self._door.unreachable(self._slot, why)
                self._seeker.unreachable()
            return
        pause = _PAUSES[min(self._tries, len(_PAUSES) - 1)]
        self._tries += 1
        self._door.held.add(self)
        self._waking = self._door.loop.call_later(pause, self.wake)

    def _still(self) -> None:
        self._door.held.discard(self)
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
