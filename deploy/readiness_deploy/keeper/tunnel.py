"""Bytes carried both ways after a change of protocol, with neither end faster than the other can take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness_deploy.keeper.upstream import Upstream

_AFTER_THE_END = 2.0


class Tunnel:
    """A client and a colour that speak to each other. `over` is called once with whether it ended before its time.

    `patience` are the seconds in which an end has to take something of what is meant for it.
    """

    __slots__ = (
        "_client", "_client_done", "_client_full", "_client_spoke", "_colour_done", "_colour_full", "_loop", "_over",
        "_patience", "_upstream", "carried", "ended", "progress",
    )  # fmt: skip

    def __init__(
        self,
        client: asyncio.Transport,
        upstream: Upstream,
        loop: asyncio.AbstractEventLoop,
        patience: float,
        over: Callable[..., None],
    ) -> None:
        self._client, self._upstream, self._loop, self._over = client, upstream, loop, over
        self._patience = patience
        self._colour_done = self._client_done = self._client_spoke = self.ended = False
        self._colour_full = self._client_full = 0.0  # since when that end takes nothing
        self.carried = 0
        self.progress = loop.time()

    def tunnelled(self, data: bytes) -> None:
        """From the colour."""
        self.progress = self._loop.time()
        self.carried += len(data)
        self._client.write(data)

    def from_client(self, data: bytes) -> None:
        self._client_spoke = True
        self.progress = self._loop.time()
        self._upstream.transport.write(data)

    def half_closed(self) -> None:
        """The colour has said everything. A client that does not answer to that soon has nothing more to say."""
        self._colour_done = True
        self.progress = self._loop.time()
        if self._client_done or not self._client.can_write_eof():
            self._end(cut=False)
        else:
            self._client.write_eof()

    def client_half_closed(self) -> None:
        """The client has said everything."""
        self._client_done = self._client_spoke = True
        if self._colour_done:
            self._end(cut=False)
        else:
            self._upstream.transport.write_eof()

    def hold(self, full: bool) -> None:
        """The colour reads more slowly than the client writes, or has caught up."""
        self._colour_full = self._loop.time() if full else 0.0
        if full:
            self._client.pause_reading()
        else:
            self._client.resume_reading()

    def hold_answer(self, full: bool) -> None:
        """The client reads more slowly than the colour writes, or has caught up."""
        self._client_full = self._loop.time() if full else 0.0
        if full:
            self._upstream.transport.pause_reading()
        else:
            self._upstream.transport.resume_reading()

    def lost(self, heard: bool, fault: BaseException | None) -> None:  # noqa: ARG002 (what was heard does not matter here)
        """The colour's connection is gone. A colour that hangs up on what it does not understand has not read the rest,
        and its system resets the connection then: that is no fault of the release where the client had said anything.
        One that crashes is seen to do so by who runs it."""
        self._end(cut=fault is not None and not self._client_spoke)

    def client_gone(self) -> None:
        self._end(cut=False)

    def cut(self) -> None:
        """End it before its time."""
        self._end(cut=True)

    def check(self, now: float, silent: float) -> None:
        """End it where nothing was said for too long, or one end takes nothing: the other is not heard meanwhile, so
        that its leaving would not be noticed. Only that the colour takes nothing is the release's fault."""
        quiet = now - self.progress
        over = self._colour_done and quiet > _AFTER_THE_END
        left = self._client_done and quiet > self._patience
        if over or left or quiet > silent or now - (self._client_full or now) > self._patience:
            self._end(cut=False)
        elif now - (self._colour_full or now) > self._patience:
            self._end(cut=True)

    def _end(self, *, cut: bool) -> None:
        if self.ended:
            return
        self.ended = True
        self._upstream.tunnel = None
        ends = [transport for transport in (self._upstream.transport, self._client) if not transport.is_closing()]
        for transport in ends:
            transport.close()
        self._over(cut=cut)
        for transport in ends:
            self._see_off(transport)

    def _see_off(self, transport: asyncio.Transport, before: int | None = None) -> None:
        """A closed connection lives until its end has taken everything. One that takes nothing more is ended."""
        try:
            left = transport.get_write_buffer_size()
        except AttributeError:  # TLS of asyncio that was closed twice has forgotten its protocol
            return
        if not left:
            return
        if left == before:
            transport.abort()
            return
        self._loop.call_later(self._patience, self._see_off, transport, left)
