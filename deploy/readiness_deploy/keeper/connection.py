"""One client: its requests one after the other, answered in their order."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

from readiness_deploy.keeper.bodies import Body, body_of
from readiness_deploy.keeper.exchange import Exchange
from readiness_deploy.keeper.forward import Origin, own_answer
from readiness_deploy.keeper.http1 import Malformed, RequestHead, read_request, suspicious
from readiness_deploy.keeper.tunnel import Tunnel

if TYPE_CHECKING:
    from readiness_deploy.keeper.proxy import Proxy

_MOST_AHEAD = 64 << 10
_SILENT = 5.0
_LONGEST_LINGER = 30.0
_RESET = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """The connection of a client. It belongs to the keeper: no change of the route touches it."""

    __slots__ = (
        "_advancing", "_body", "_buffer", "_exchange", "_finishing", "_half", "_holds", "_lingering", "_silent_since",
        "_since", "_socket", "_tunnel", "body_bytes", "clogged", "closing", "door", "origin", "transport", "welcomed",
    )  # fmt: skip

    def __init__(self, door: Proxy, sock: socket.socket, peer: str) -> None:
        self.door = door
        self._socket = sock
        self.origin = Origin(peer, door.scheme, door.peers.trusted(peer))
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._buffer = b""
        self._exchange: Exchange | None = None
        self._finishing: Exchange | None = None  # answered; its client has not taken everything yet
        self._body: Body | None = None
        self._tunnel: Tunnel | None = None
        self._holds: set[str] = set()
        self._advancing = self._half = self.clogged = self.closing = self.welcomed = False
        self._lingering = self._silent_since = 0.0  # until when at most, once it lingers
        self._since = door.loop.time()  # when the connection fell idle, or the head of a request began
        self.body_bytes = 0

    @property
    def holding(self) -> bool:
        """Whether nothing is read from the client, for somebody else's sake."""
        return bool(self._holds)

    @property
    def idle(self) -> bool:
        """Whether it has been welcomed, and neither asks nor waits for anything."""
        return self.welcomed and not self.busy and not self.closing

    @property
    def busy(self) -> bool:
        """Whether an end now would cut a request."""
        return self._exchange is not None or self._finishing is not None or bool(self._buffer)

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._since = self.door.loop.time()
        self.welcomed = True

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.from_client(data)
            return
        if self.closing:
            self._silent_since = self.door.loop.time()
            return
        if not self._buffer and self._exchange is None:
            self._since = self.door.loop.time()
        self._buffer = self._buffer + data if self._buffer else data
        if self._body is not None:
            self._read_body()
        elif self._exchange is None and self._finishing is None:
            self._advance()
        elif len(self._buffer) > _MOST_AHEAD:
            self.hold("ahead")

    def eof_received(self) -> bool:
        if self.origin.scheme == b"https":
            return False  # TLS has no half-closed connections in asyncio: connection_lost follows
        if self._tunnel is not None:
            self._tunnel.client_half_closed()
            return True
        if self._body is not None and self._exchange is not None:
            self._exchange.client_gone()
            return False
        if self._exchange is None and self._finishing is None:
            return False
        # It has said everything, and may still listen.
        self._half = True
        self._leave_after()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 (asyncio's name)
        self.closing = True
        self.door.gone(self)
        if self._tunnel is not None:
            self._tunnel.client_gone()
        for exchange in (self._exchange, self._finishing):
            if exchange is not None:
                exchange.client_gone()
                exchange.delivered()
        self._exchange = self._finishing = self._tunnel = self._body = None

    def pause_writing(self) -> None:
        self.clogged = True
        if user := self._tunnel or self._exchange:
            user.hold_answer(True)

    def resume_writing(self) -> None:
        self.clogged = False
        if self._finishing is not None:
            self.transport.set_write_buffer_limits()
            self._delivered(self._finishing)
        elif user := self._tunnel or self._exchange:
            user.hold_answer(False)

    # Reading requests.

    def _advance(self) -> None:
        """Begin with the next request, while nothing is in the way."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._buffer and self._exchange is None and self._finishing is None and not self.closing:
                try:
                    request = self._head()
                except Malformed as fault:
                    self.door.refused(self, fault)
                    self._say_and_close(fault.status, str(fault))
                    return
                if request is None:
                    return
                self._begin(request)
        finally:
            self._advancing = False

    def _head(self) -> RequestHead | None:
        """The next request's head; None while it has not come."""
        entry = self.door.entry
        if self._buffer.startswith(b"\r\n"):  # some clients send one too many after a body (RFC 9112, 2.2)
            self._buffer = self._buffer[2:]
        end = self._buffer.find(b"\r\n\r\n", 0, entry.head_bytes)
        if end < 0:
            if suspicious(self._buffer[: entry.head_bytes]):
                raise Malformed("the head of the request is none")
            if len(self._buffer) >= entry.head_bytes:
                raise Malformed(f"the head of the request is longer than {entry.head_bytes} bytes", 431)
            return None
        request = read_request(self._buffer[:end], entry.head_lines)
        if request.method in (b"CONNECT", b"TRACE"):
            raise Malformed("this method is not carried", 501)
        if request.length is not None and request.length > entry.body:
            raise Malformed(f"the body is longer than {entry.body} bytes", 413)
        self._buffer = self._buffer[end + 4 :]
        return request

    def _begin(self, request: RequestHead) -> None:
        self.body_bytes = 0
        self._exchange = exchange = Exchange(self, request)
        self._body = None if exchange.complete else body_of(request.length)
        exchange.start()
        if self._body is not None and self._buffer and self._exchange is exchange:
            self._read_body()

    def _read_body(self) -> None:
        body, exchange = self._body, self._exchange
        if body is None or exchange is None:
            return
        data, self._buffer = self._buffer, b""
        try:
            content = body.feed(data)
            self.body_bytes += len(content)
            if self.body_bytes > self.door.entry.body:
                raise Malformed(f"the body is longer than {self.door.entry.body} bytes", 413)
        except Malformed as fault:
            exchange.client_wrong(fault.status, str(fault))
            return
        if body.done:
            self._buffer = body.rest
            self._body = None
        exchange.send(content, body.done, body.trailers)

    # What exchanges tell.

    def write(self, data: bytes) -> None:
        """Send this to the client."""
        self.transport.write(data)

    def hold(self, why: str) -> None:
        """Read no more, until this reason and all others are gone."""
        self._holds.add(why)
        self.transport.pause_reading()

    def release(self, why: str) -> None:
        """This reason to read no more is gone."""
        if self._holds:
            self._holds.discard(why)
            if not self._holds:
                self.transport.resume_reading()

    def tunnelled(self, tunnel: Tunnel) -> None:
        """From here on bytes are carried, not read."""
        self._tunnel, self._body = tunnel, None
        data, self._buffer = self._buffer, b""
        self._holds.clear()
        self.transport.resume_reading()
        if data:
            tunnel.from_client(data)
        if self._half:
            tunnel.client_half_closed()

    def finished(self, exchange: Exchange) -> None:
        """The whole answer was written."""
        if self.transport.get_write_buffer_size() and not self.transport.is_closing():
            # Until the client has taken it, a death of this process would cut it off.
            self._exchange, self._finishing = None, exchange
            self._body = None
            self._since = self.door.loop.time()
            self.transport.set_write_buffer_limits(0)
        else:
            self._delivered(exchange)

    def _delivered(self, exchange: Exchange) -> None:
        exchange.delivered()
        self._exchange = self._finishing = None
        self._since = self.door.loop.time()
        if not exchange.complete:
            self._body = None
            self._linger()
        elif not exchange.keep or self.closing:
            self._close()
        else:
            self.release("colour")
            self.release("ahead")
            if self._buffer:
                self._advance()

    def refuse(self, status: int, text: str, exchange: Exchange) -> None:
        """Answer in the keeper's own name."""
        wait = 1 if status == 503 else 0
        self.write(own_answer(status, text, keep=exchange.keep, head_only=exchange.method == b"HEAD", retry_after=wait))
        self.finished(exchange)

    def cut(self) -> None:
        """End an answer that cannot be completed, so that nobody takes it for complete."""
        if self.origin.scheme == b"http":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.closing = True
        self._exchange = self._body = None
        self.transport.abort()

    # Ends.

    def _say_and_close(self, status: int, text: str) -> None:
        self.write(own_answer(status, text, keep=False))
        self._linger()

    def _linger(self) -> None:
        """Close once the client is silent: closing on what it still sends would destroy the answer on its way. What
        comes is dropped, and not for ever."""
        if self.transport.is_closing():
            return
        self.closing = True
        self._buffer = b""
        self._holds.clear()
        self.transport.resume_reading()
        self._silent_since = self.door.loop.time()
        self._lingering = self._silent_since + _LONGEST_LINGER
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _leave_after(self) -> None:
        for exchange in (self._exchange, self._finishing):
            if exchange is not None:
                exchange.keep = False

    def _close(self) -> None:
        self.closing = True
        self.transport.close()

    def close_if_idle(self) -> None:
        """Close, unless a request is under way or has come just now."""
        if self.idle and not self._spoke_just_now():
            self._close()

    def _spoke_just_now(self) -> bool:
        if self.origin.scheme != b"http":
            return False
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def check(self, now: float) -> None:
        """See whether the client was waited for in vain."""
        entry = self.door.entry
        if self._exchange is not None:
            self._exchange.check(now)
        elif self._lingering:
            if now > self._lingering or now - self._silent_since > _SILENT:
                self.transport.abort() if self.clogged else self.transport.close()
        elif self.closing or self._finishing is not None:
            if self.clogged and now - self._since > entry.timeout:
                self.transport.abort()
        elif self._buffer:
            if now - self._since > entry.head:
                self._say_and_close(408, "the head of the request did not come to its end")
        elif now - self._since > entry.idle:
            self.close_if_idle()
