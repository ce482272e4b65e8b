"""The entry: takes connections from clients and carries their requests to whichever colour the board selects."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from readiness_deploy.keeper.accesslog import AccessLog
from readiness_deploy.keeper.board import Board, Slot
from readiness_deploy.keeper.connection import Connection
from readiness_deploy.keeper.entry import Entry, Peers, affordable, context_for, load
from readiness_deploy.keeper.exchange import Exchange
from readiness_deploy.keeper.http1 import Malformed, RequestHead
from readiness_deploy.keeper.search import Search
from readiness_deploy.keeper.shared import Shared
from readiness_deploy.keeper.upstream import LACKING, Pool

_AT_ONCE = 64
_BREATH = 0.1
_LAST_WORDS = 2.0
_HANDSHAKE = 10.0


class Proxy:
    """The data plane. Lives in one event loop; `note` is told what happens, as a name and details.

    Raises BadEntry for a certificate that cannot be used.
    """

    def __init__(self, board: Board, settings: Entry, shared: Shared, note: Callable[..., None]) -> None:
        self.board, self.entry, self.shared, self._note = board, affordable(settings, note), shared, note
        self._context: ssl.SSLContext | None = context_for(settings.tls) if settings.tls else None
        self.scheme = b"https" if settings.tls else b"http"
        self.peers = Peers(settings.trusted)
        self.held: set[Search] = set()  # of requests for which nothing was sent yet
        self.closing = False
        self.log: AccessLog | None = None
        self.loop: asyncio.AbstractEventLoop = cast(asyncio.AbstractEventLoop, None)
        self.pool: Pool = cast(Pool, None)
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[socket.socket] = []
        self._listening = False
        self._full = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event = asyncio.Event()
        self._complained: set[str] = set()
        for dead in shared.dead:
            if dead.cut:
                note(
                    "requests cut",
                    by="death of the keeper's worker",
                    process=dead.process,
                    blue=dead.blue,
                    green=dead.green,
                )

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Begin to take connections from these sockets, which are bound already. Returns at once."""
        self.loop = asyncio.get_running_loop()
        self.pool = Pool(self.loop)
        if self.entry.access_log:
            self.log = AccessLog(Path(self.entry.access_log), self._note, self.loop)
        self.board.listen(self._route_changed)
        for listener in sockets:
            listener.setblocking(False)
            listener.listen(4096)
        self._listeners = list(sockets)
        self._listen(True)
        self._sweep()

    def renew(self) -> None:
        """Read the certificate again, for connections that are yet to come. Raises BadEntry; the old one then stays."""
        if self._context is not None and self.entry.tls is not None:
            context_for(self.entry.tls)  # a pair that does not fit must not get half-way into the context in use
            load(self._context, self.entry.tls)

    async def close(self, within: float, *, told: bool = False) -> int:
        """Take no more connections, let requests in flight end, then close. Returns how many were cut at the deadline;
        with `told`, the worker that goes on counts them.

        What clients still ask on open connections is answered with `Connection: close`. A client that says nothing for
        2 seconds is hung up on, since one that speaks at that moment would lose its request. The sockets stay open.
        """
        self.closing = True
        self._listen(False)
        deadline = self.loop.time() + within
        await self._emptied(min(within, _LAST_WORDS))
        while self._connections and self.loop.time() < deadline:
            for connection in list(self._connections):
                connection.close_if_idle()
            await self._emptied(min(0.05, deadline - self.loop.time()))
        cut = [connection for connection in self._connections if connection.busy]
        if cut and told:
            self.shared.cut()
        for connection in list(self._connections):
            if connection.welcomed:
                connection.transport.abort()
        await self._end()
        if cut:
            self._note("requests cut", by="end of the keeper's worker", number=len(cut))
        return len(cut)

    def pause(self) -> None:
        """Another worker is about to begin: leave to it what both of them would change. Requests are carried on."""

    def resume(self) -> None:
        """It did not begin: go on."""

    async def hand_over(self, within: float) -> None:
        """Leave the sockets to another worker, and end as `close` does."""
        await self.close(within, told=True)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.pool.close()
        await asyncio.sleep(0)
        if self.log is not None:
            self.log.flush()

    async def _emptied(self, within: float) -> None:
        self._empty.clear()
        if self._connections and within > 0:
            try:
                await asyncio.wait_for(self._empty.wait(), within)
            except TimeoutError:
                return

    # Taking connections.

    def _listen(self, on: bool) -> None:
        if on == self._listening or (on and self.closing):
            return
        self._listening = on
        for listener in self._listeners:
            if on:
                self.loop.add_reader(listener, self._take, listener)
            else:
                self.loop.remove_reader(listener)

    def _take(self, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if len(self._connections) >= self.entry.connections:
                self._full = True
                self._listen(False)
                self._complain("connections full", number=self.entry.connections)
                return
            try:
                sock, peer = listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as fault:
                if fault.errno in LACKING:
                    self._complain("accept failed", why=fault.strerror)
                    self._listen(False)
                    self.loop.call_later(_BREATH, self._listen, True)
                    return
                continue  # this one client has gone again
            connection = Connection(self, sock, str(peer[0]) if isinstance(peer, tuple) else "unix")
            self._connections.add(connection)
            task = self.loop.create_task(self._welcome(connection, sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _welcome(self, connection: Connection, sock: socket.socket) -> None:
        try:
            sock.setblocking(False)
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            timeout = _HANDSHAKE if self._context else None
            await self.loop.connect_accepted_socket(
                lambda: connection, sock, ssl=self._context, ssl_handshake_timeout=timeout
            )
        except (OSError, asyncio.CancelledError):  # no handshake came about
            sock.close()
            self.gone(connection)

    def gone(self, connection: Connection) -> None:
        """A client is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
        if self._full and len(self._connections) < self.entry.connections:
            self._full = False
            self._listen(True)

    # What connections and exchanges tell.

    def refused(self, connection: Connection, fault: Malformed) -> None:
        """A client sent what is no request."""
        if self.log is not None:
            self.log.write(at=_stamp(), client=connection.origin.peer.decode(), status=fault.status, outcome="refused",
                           why=str(fault))  # fmt: skip

    def unreachable(self, slot: Slot | None, why: str) -> None:
        """A colour that is selected took no connection for as long as a request waits."""
        if slot is not None:
            self._complain("colour unreachable", colour=slot.colour, why=why)

    def lacking(self, why: str) -> None:
        """The keeper could open no connection for as long as a request waits, which says nothing of a colour."""
        self._complain("connect failed", why=why)

    def log_request(
        self, client: Connection, request: RequestHead, exchange: Exchange, slot: Slot | None, outcome: str, status: int
    ) -> None:
        """One request is over."""
        if self.log is not None:
            answer = exchange.answer
            self.log.write(
                at=_stamp(),
                client=client.origin.peer.decode(),
                method=request.method.decode(),
                path=request.target.partition(b"?")[0].decode(),
                status=status or (answer.status if answer else 0),
                outcome=outcome,
                seconds=round(self.loop.time() - exchange.started, 6),
                received=client.body_bytes,
                sent=exchange.content_out,
                colour=slot.colour if slot else "",
                release=slot.release if slot else "",
                id=exchange.identity.decode(),
            )

    def _complain(self, what: str, **details: object) -> None:
        """Tell of a lasting evil once a second at most."""
        if what not in self._complained:
            self._complained.add(what)
            self.loop.call_later(1.0, self._complained.discard, what)
            self._note(what, **details)

    # What happens by itself.

    def _route_changed(self) -> None:
        self.pool.sweep(self._wanted, self.loop.time())
        for search in list(self.held):
            self.loop.call_soon(search.wake)

    def _wanted(self, colour: str) -> bool:
        return colour == self.board.selected

    def _sweep(self) -> None:
        entry, now = self.entry, self.loop.time()
        for connection in list(self._connections):
            if connection.welcomed:
                connection.check(now)
        self.pool.sweep(self._wanted, now)
        shortest = min(entry.idle, entry.timeout, entry.head, entry.tunnel)
        self._sweeper = self.loop.call_later(max(0.05, min(0.5, shortest / 4)), self._sweep)


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
