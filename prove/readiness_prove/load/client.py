"""Sends requests over as many connections as they need, and sees to it that each of them ends."""

from __future__ import annotations

import errno
from asyncio import AbstractEventLoop, TimerHandle
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from readiness_prove.load.answer import Answer
from readiness_prove.load.connection import Connection, Exchange
from readiness_prove.load.kinds import Lost, NotSent
from readiness_prove.load.target import Target

_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Ledger(Protocol):
    """Who keeps account. Exactly one of these is called for each exchange, once."""

    def answered(self, exchange: Exchange, answer: Answer, now: float) -> None: ...
    def lost(self, exchange: Exchange, kind: Lost, detail: str, answer: Answer, now: float) -> None: ...
    def not_sent(self, exchange: Exchange, reason: NotSent) -> None: ...


class Client:
    """Sends each exchange at once: on an idle connection that is still good, on a new one otherwise.

    With `keep_alive`, a new one is also taken while fewer than `connections` are open, and idle ones take turns. One
    that the server has ended while it was idle is found out before it is used; nothing is ever sent twice. `timeout`
    counts from the sending of a request to the end of its answer, `connect_timeout` to its connection.
    """

    def __init__(
        self, loop: AbstractEventLoop, target: Target, ledger: Ledger, *, keep_alive: bool, connections: int,
        timeout: float, connect_timeout: float,
    ) -> None:  # fmt: skip
        self._loop, self._target, self._ledger = loop, target, ledger
        self._keep_alive, self._connections = keep_alive, connections
        self._idle: OrderedDict[Connection, None] = OrderedDict()
        self._busy: dict[Exchange, Connection] = {}
        self._answers = _Deadlines(loop, timeout, self._answer_is_late)
        self._connects = _Deadlines(loop, connect_timeout, self._connect_is_late)
        self.idle_waiter: Callable[[], None] | None = None  # called whenever nothing is in flight any more
        self.opened = self.reused = self.closed_idle = self.unsolicited = 0

    @property
    def in_flight(self) -> int:
        return len(self._busy)

    def send(self, exchange: Exchange) -> None:
        """Send it now. How it ends is told to the ledger, perhaps before this returns."""
        connection = self._idle_one()
        if connection is None:
            try:
                connection = Connection(self._loop, self._target, self)
            except OSError as fault:
                if fault.errno not in _NO_DESCRIPTOR:
                    raise
                self._ledger.not_sent(exchange, NotSent.DESCRIPTORS)
                return
            self.opened += 1
            self._connects.watch(exchange)
        else:
            self.reused += 1
        self._answers.watch(exchange)
        self._busy[exchange] = connection
        connection.carry(exchange)

    def abandon(self) -> None:
        """Wait for no answer any more: what is in flight is told to the ledger as abandoned."""
        for exchange, connection in list(self._busy.items()):
            self._give_up(exchange, connection, Lost.ABANDONED, "the generator was stopped at once")

    def close(self) -> None:
        """Close all connections and timers."""
        self._answers.close()
        self._connects.close()
        for connection in [*self._idle, *self._busy.values()]:
            connection.close()

    def _idle_one(self) -> Connection | None:
        """An idle connection that may be used now; None where a new one is to be opened."""
        while self._idle and len(self._idle) + len(self._busy) >= self._connections:
            connection, _ = self._idle.popitem(last=False)
            came = connection.came()
            if came is None:
                return connection
            self.idle_ended(connection, bool(came))
        return None

    def _answer_is_late(self, exchange: Exchange) -> None:
        connection = self._busy[exchange]
        came = "the answer had begun" if exchange.first else "no byte of an answer came"
        self._give_up(exchange, connection, Lost.TIMEOUT, came)

    def _connect_is_late(self, exchange: Exchange) -> None:
        connection = self._busy[exchange]
        if not connection.connected:
            self._give_up(exchange, connection, Lost.CONNECT_TIMEOUT, "no connection came about")

    def _give_up(self, exchange: Exchange, connection: Connection, kind: Lost, detail: str) -> None:
        answer = connection.answer
        connection.close()
        self.lost(exchange, kind, detail, answer, monotonic())

    def _settle(self, exchange: Exchange) -> None:
        del self._busy[exchange]
        exchange.over = True
        exchange.payload = b""  # it waits for its deadline to pass: a large body need not
        if not self._busy and self.idle_waiter is not None:
            self.idle_waiter()

    # What connections tell.

    def answered(self, connection: Connection, exchange: Exchange, answer: Answer, now: float) -> None:
        """A connection has the whole answer."""
        self._ledger.answered(exchange, answer, now)
        if self._keep_alive and answer.lasting and not connection.closed:
            self._idle[connection] = None
        else:
            connection.close()
        self._settle(exchange)

    def lost(self, exchange: Exchange, kind: Lost, detail: str, answer: Answer, now: float) -> None:
        """A connection has ended without the answer."""
        self._ledger.lost(exchange, kind, detail, answer, now)
        self._settle(exchange)

    def no_port(self, exchange: Exchange) -> None:
        """A connection could not be begun, for want of a local port."""
        self._ledger.not_sent(exchange, NotSent.PORTS)
        self._settle(exchange)

    def idle_ended(self, connection: Connection, unsolicited: bool) -> None:
        """The server has ended an idle connection, or has said something on it that nobody asked for."""
        self._idle.pop(connection, None)
        self.closed_idle += 1
        self.unsolicited += unsolicited
        connection.close()


class _Deadlines:
    """Equal waits for many exchanges: the oldest is always the next one due, so that one timer does for all."""

    def __init__(self, loop: AbstractEventLoop, seconds: float, late: Callable[[Exchange], None]) -> None:
        self._loop, self._seconds, self._late = loop, seconds, late
        self._waiting: deque[tuple[float, Exchange]] = deque()
        self._timer: TimerHandle | None = None

    def watch(self, exchange: Exchange) -> None:
        waiting = self._waiting
        while waiting and waiting[0][1].over:
            waiting.popleft()
        waiting.append((self._loop.time() + self._seconds, exchange))
        if self._timer is None:
            self._timer = self._loop.call_at(waiting[0][0], self._look)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        waiting, now = self._waiting, self._loop.time()
        while waiting and (waiting[0][1].over or waiting[0][0] <= now):
            _, exchange = waiting.popleft()
            if not exchange.over:
                self._late(exchange)
        if waiting:
            self._timer = self._loop.call_at(waiting[0][0], self._look)
