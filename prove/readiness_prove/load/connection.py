"""One socket to the server, with one request on it at a time."""

from __future__ import annotations

import errno
import os
import socket
from asyncio import AbstractEventLoop
from time import monotonic
from typing import Protocol

from readiness_prove.load.answer import Answer, Malformed
from readiness_prove.load.kinds import Lost
from readiness_prove.load.request import Chosen
from readiness_prove.load.target import Target

_PIECE = 1 << 18
_UNIX_PATIENCE = 0.001


class Exchange:
    """One planned request and what became of it. Instants are of the machine's monotonic clock; 0 is "not yet"."""

    __slots__ = ("accounted", "chosen", "first", "identity", "intended", "number", "over", "payload", "sent")

    def __init__(self, number: int, identity: str, chosen: Chosen, intended: float) -> None:
        self.number, self.identity, self.chosen, self.intended = number, identity, chosen, intended
        self.payload = chosen.render(identity, number)
        self.sent = 0.0  # the first deed on the network: connecting where a connection was needed, writing otherwise
        self.first = 0.0
        self.over = False  # nobody waits for it any more
        self.accounted = False  # it stands in the account


class Owner(Protocol):
    """Who is told how an exchange ended. Each exchange ends once."""

    def answered(self, connection: Connection, exchange: Exchange, answer: Answer, now: float) -> None: ...
    def lost(self, exchange: Exchange, kind: Lost, detail: str, answer: Answer, now: float) -> None: ...
    def no_port(self, exchange: Exchange) -> None: ...
    def idle_ended(self, connection: Connection, unsolicited: bool) -> None: ...


class Connection:
    """A connection. Making it opens a socket and may raise OSError; the rest is told to the owner."""

    __slots__ = (
        "_loop", "_owner", "_send_fault", "_socket", "_target", "_unsent", "_writing", "answer", "closed", "connected",
        "exchange",
    )  # fmt: skip

    def __init__(self, loop: AbstractEventLoop, target: Target, owner: Owner) -> None:
        self._loop, self._target, self._owner = loop, target, owner
        self._socket = socket.socket(target.family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        if target.family != socket.AF_UNIX:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = Answer()
        self._unsent = memoryview(b"")
        self._send_fault = ""
        self._writing = self.connected = self.closed = False
        self.exchange: Exchange | None = None

    def carry(self, exchange: Exchange) -> None:
        """Send one request, connecting first where that was not done yet."""
        self.exchange = exchange
        self.answer = Answer(exchange.chosen.head_only)
        self._unsent = memoryview(exchange.payload)
        exchange.sent = monotonic()
        if self.connected:
            self._transmit()
        else:
            self._connect()

    def came(self) -> bytes | None:
        """What came on an idle connection as of this instant: nothing (None), its end (no bytes), or unasked words."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def close(self) -> None:
        """Close the socket. What was under way on it is not told to the owner."""
        if self.closed:
            return
        self.closed = True
        self.exchange = None
        if self._writing:
            self._loop.remove_writer(self._socket)
        if self.connected:
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _connect(self) -> None:
        if self.closed:
            return
        code = self._socket.connect_ex(self._target.address)
        if code == 0:
            self._on_connected()
        elif code == errno.EINPROGRESS:
            self._watch_writable(True)
        elif code == errno.EAGAIN and self._target.family == socket.AF_UNIX:
            # The queue of a Unix socket is full. Nothing was sent: wait for a place, as a blocking connect does.
            self._loop.call_later(_UNIX_PATIENCE, self._connect)
        else:
            self._not_connected(code)

    def _not_connected(self, code: int) -> None:
        exchange = self.exchange
        assert exchange is not None, "a connection connects for an exchange"  # noqa: S101
        self.close()
        if code in (errno.EADDRNOTAVAIL, errno.EADDRINUSE):
            self._owner.no_port(exchange)
            return
        # A reset here came after the server had taken the connection: it is told at once with its being there.
        kinds = {errno.ETIMEDOUT: Lost.CONNECT_TIMEOUT, errno.ECONNRESET: Lost.RESET}
        self._owner.lost(exchange, kinds.get(code, Lost.REFUSED), os.strerror(code), self.answer, monotonic())

    def _on_connected(self) -> None:
        if self._connected_to_itself():
            self._not_connected(errno.ECONNREFUSED)
            return
        self.connected = True
        self._loop.add_reader(self._socket, self._on_readable)
        self._transmit()

    def _connected_to_itself(self) -> bool:
        """Where nobody listens on a port of the ephemeral range, TCP can meet itself there, and hold the port."""
        if self._target.family == socket.AF_UNIX:
            return False
        try:
            return bool(self._socket.getsockname() == self._socket.getpeername())
        except OSError:
            return False  # it has ended already: reading says how

    def _on_writable(self) -> None:
        if self.connected:
            self._transmit()
            return
        self._watch_writable(False)
        if code := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._not_connected(code)
        else:
            self._on_connected()

    def _transmit(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError as fault:
            # The server has left. What it said before may still be there to read.
            self._send_fault = fault.strerror or type(fault).__name__
            self._unsent = memoryview(b"")
            self.answer.lasting = False
            self._loop.call_soon(self._on_readable)
        self._watch_writable(len(self._unsent) > 0)

    def _watch_writable(self, wanted: bool) -> None:
        if wanted and not self._writing:
            self._loop.add_writer(self._socket, self._on_writable)
        elif self._writing and not wanted:
            self._loop.remove_writer(self._socket)
        self._writing = wanted

    def _on_readable(self) -> None:
        if self.closed:
            return
        fault = ""
        try:
            data = self._socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            data, fault = b"", error.strerror or type(error).__name__
        now = monotonic()
        if self.exchange is None:
            self._owner.idle_ended(self, bool(data))
        elif data:
            self._take(self.exchange, data, now)
        else:
            self._ended(self.exchange, fault or self._send_fault, now)

    def _take(self, exchange: Exchange, data: bytes, now: float) -> None:
        answer = self.answer
        if not answer.begun:
            exchange.first = now
        try:
            answer.feed(data)
        except Malformed as fault:
            self.close()
            self._owner.lost(exchange, Lost.MALFORMED, str(fault), answer, now)
            return
        if answer.complete:
            self.exchange = None
            if len(self._unsent) or self._send_fault:
                answer.lasting = False
            self._owner.answered(self, exchange, answer, now)

    def _ended(self, exchange: Exchange, fault: str, now: float) -> None:
        answer = self.answer
        if not fault:
            answer.closed()
        self.close()
        if answer.complete:
            self._owner.answered(self, exchange, answer, now)
        elif answer.begun:
            self._owner.lost(exchange, Lost.CUT, fault or "the server ended the connection", answer, now)
        else:
            self._owner.lost(exchange, Lost.RESET, fault or "the server ended the connection", answer, now)
