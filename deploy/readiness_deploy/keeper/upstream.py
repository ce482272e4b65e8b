"""Connections to colours: opened when needed, kept for a moment, and never used again once they may be closed."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Protocol, cast

from readiness_deploy.keeper.board import Address, Slot
from readiness_deploy.keeper.bodies import Body, body_of
from readiness_deploy.keeper.http1 import AnswerHead, Malformed, read_answer, suspicious

LONGEST_IDLE = 2.0  # shorter than what servers keep connections for
_MOST_IDLE = 256
_LARGEST_HEAD = 64 << 10
_CONNECT = 2.0
LACKING = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL))
"""Faults that say what this process or this machine lacks, and nothing of who was to be reached."""


class User(Protocol):
    """Who uses a connection for one request, until `ended`, `lost` or `malformed` is called.

    `complete` says that the request has been given to the connection to its end.
    """

    method: bytes
    complete: bool

    def interim(self, answer: AnswerHead) -> None: ...
    def begun(self, answer: AnswerHead) -> None: ...
    def content(self, content: bytes) -> None: ...
    def hold(self, full: bool) -> None: ...

    def ended(self, trailers: list[bytes]) -> None: ...
    def switched(self, upstream: Upstream, answer: AnswerHead, rest: bytes) -> None: ...
    def lost(self, heard: bool, fault: BaseException | None) -> None: ...
    def malformed(self, fault: Malformed) -> None: ...


class Far(Protocol):
    """Who uses a connection that became a tunnel."""

    def tunnelled(self, data: bytes) -> None: ...
    def half_closed(self) -> None: ...
    def hold(self, full: bool) -> None: ...
    def lost(self, heard: bool, fault: BaseException | None) -> None: ...


class Upstream(asyncio.Protocol):
    """One connection to a colour."""

    __slots__ = (
        "_answer", "_body", "_buffer", "_heard", "_pool", "_socket", "address", "closed", "idle_since", "reused",
        "slot", "transport", "tunnel", "user",
    )  # fmt: skip

    def __init__(self, pool: Pool, slot: Slot, address: Address, sock: socket.socket) -> None:
        self._pool, self.slot, self.address, self._socket = pool, slot, address, sock
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.user: User | None = None
        self.idle_since = 0.0
        self.reused = self.closed = False
        self._reset()

    def _reset(self) -> None:
        self._answer: AnswerHead | None = None
        self._body: Body | None = None
        self._buffer = b""
        self._heard = False
        self.tunnel: Far | None = None

    def take(self, user: User) -> None:
        """Carry the request of this user."""
        self.user = user
        self._reset()
        self.transport.resume_reading()

    def usable(self) -> bool:
        """Whether nothing came on an idle connection, not even its end, as of this instant."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self.closed
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close at once. The user, if any, is not told."""
        self.user = self.tunnel = None
        self.closed = True
        self.transport.abort()

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        user = self.user
        if self.tunnel is not None:
            self.tunnel.tunnelled(data)
        elif user is None:
            self._pool.drop(self)
        else:
            self._heard = True
            try:
                self._read(user, data)
            except Malformed as fault:
                self.close()
                user.malformed(fault)

    def eof_received(self) -> bool:
        user = self.user
        if self.tunnel is not None:
            self.tunnel.half_closed()
            return True
        if user is not None and self._answer is not None and self._answer.length == -1:
            self._end(user, [])
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.user is not None and exc is not None:
            self._last_words()
        user = self.tunnel or self.user
        self.user = self.tunnel = None
        self.closed = True
        self._pool.forget(self)
        if user is not None:
            user.lost(self._heard, exc)

    def pause_writing(self) -> None:
        if user := self.tunnel or self.user:
            user.hold(True)

    def resume_writing(self) -> None:
        if user := self.tunnel or self.user:
            user.hold(False)

    # Reading an answer.

    def _read(self, user: User, data: bytes) -> None:
        if self._body is None:
            rest = self._heads(user, self._buffer + data if self._buffer else data)
            if rest is None:
                return
            data = rest
        body = self._body
        if body is None:
            return
        content = body.feed(data) if data and not body.done else b""
        if body.done:
            self._buffer = self._buffer or body.rest
            if content:
                user.content(content)
            self._end(user, body.trailers)
        else:
            user.content(content)

    def _heads(self, user: User, data: bytes) -> bytes | None:
        """Read heads until that of the answer. What came after it, or None while it has not come."""
        while True:
            end = data.find(b"\r\n\r\n", 0, _LARGEST_HEAD)
            if end < 0:
                if len(data) >= _LARGEST_HEAD or suspicious(data):
                    raise Malformed("the head of the answer is none", 502)
                self._buffer = data
                return None
            answer, data = read_answer(data[:end], user.method), data[end + 4 :]
            self._buffer = b""
            if answer.status == 101:
                self.user = None
                user.switched(self, answer, data)
                return None
            if answer.status >= 200:
                break
            user.interim(answer)
        self._answer, self._body = answer, body_of(answer.length)
        if self._body.done and data:
            self._buffer = data  # more than was asked for
            data = b""
        user.begun(answer)
        return data

    def _end(self, user: User, trailers: list[bytes]) -> None:
        answer = self._answer
        lasting = answer is not None and answer.keep and answer.length != -1 and not self._buffer
        self.user = None
        if lasting and user.complete and not self.transport.is_closing():
            self._pool.give(self)
        else:
            self.close()
        user.ended(trailers)

    def _last_words(self) -> None:
        """A server that refuses a body answers and closes. Writing then fails before its answer was read, or the rest
        of it. An end is none here: the connection broke off."""
        while self.user is not None:
            try:
                data = self._socket.recv(_LARGEST_HEAD)
            except OSError:
                return
            if not data:
                return
            self.data_received(data)


class Opener(Protocol):
    """Who waits for a new connection. `lacking` says that the keeper could not even try to open one."""

    def opened(self, upstream: Upstream) -> None: ...
    def unopened(self, why: str, *, lacking: bool) -> None: ...


class Pool:
    """Idle connections by colour, the latest used first, and new ones."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._idle: dict[tuple[str, Address], list[Upstream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.opened = self.reused = 0

    def take(self, slot: Slot, longest: float) -> Upstream | None:
        """A connection to this colour that was used within `longest` seconds and is good as of this instant."""
        assert slot.address is not None, "asked for a colour that is placed"  # noqa: S101
        idle = self._idle.get((slot.colour, slot.address))
        oldest = self._loop.time() - longest
        while idle:
            upstream = idle.pop()
            if upstream.idle_since >= oldest and upstream.usable():
                upstream.reused = True
                self.reused += 1
                return upstream
            if upstream.idle_since < oldest:
                idle.append(upstream)
                return None
            upstream.close()
        return None

    def give(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        slot = upstream.slot
        if slot.address is None or upstream.address != slot.address:
            upstream.close()
            return
        idle = self._idle.setdefault((slot.colour, slot.address), [])
        upstream.idle_since = self._loop.time()
        idle.append(upstream)
        if len(idle) > _MOST_IDLE:
            idle.pop(0).close()

    def open(self, slot: Slot, opener: Opener) -> None:
        """Open a connection; `opener` is told, later."""
        assert slot.address is not None, "asked for a colour that is placed"  # noqa: S101
        task = self._loop.create_task(self._open(slot, slot.address, opener))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, slot: Slot, address: Address, opener: Opener) -> None:
        sock: socket.socket | None = None
        try:
            sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.wait_for(self._loop.sock_connect(sock, address), _CONNECT)
            if sock.getsockname() == sock.getpeername():  # TCP can meet itself where nobody listens
                raise ConnectionRefusedError(111, "Connection refused")
            upstream = Upstream(self, slot, address, sock)
            await self._loop.create_connection(lambda: upstream, sock=sock)
        except asyncio.CancelledError:
            if sock is not None:
                sock.close()
            raise
        except (OSError, TimeoutError) as fault:
            if sock is not None:
                sock.close()
            why = getattr(fault, "strerror", None) or f"no connection within {_CONNECT:g} s"
            opener.unopened(why, lacking=getattr(fault, "errno", None) in LACKING)
            return
        self.opened += 1
        opener.opened(upstream)

    def drop(self, upstream: Upstream) -> None:
        """An idle connection said something: it is not to be used again."""
        self.forget(upstream)
        upstream.close()

    def forget(self, upstream: Upstream) -> None:
        """A connection ended."""
        for idle in self._idle.values():
            if upstream in idle:
                idle.remove(upstream)

    def sweep(self, keep: Callable[[str], bool], now: float) -> None:
        """Close what was idle too long, and what leads to colours that `keep` does not name."""
        for (colour, _), idle in list(self._idle.items()):
            oldest = now - LONGEST_IDLE if keep(colour) else now + 1
            while idle and idle[0].idle_since < oldest:
                idle.pop(0).close()
        for key in [key for key, idle in self._idle.items() if not idle]:
            del self._idle[key]

    async def close(self) -> None:
        """Close what is idle and give up what is being opened."""
        self.sweep(lambda _: False, self._loop.time())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
