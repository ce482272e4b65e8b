"""A server on this machine that does exactly what a test says, on plain sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from readiness_prove.load import Load, Plan, Result, parse_target

PATIENCE = 60.0
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def identity(self) -> str:
        return self.headers.get("x-request-id", "")


@dataclass
class Talk:
    """One connection, `number` counted from 0 in the order in which they were accepted."""

    socket: socket.socket
    number: int
    server: Server
    _waiting: bytes = b""

    def head(self) -> Asked | None:
        """The next request without its body; None when the client has ended the connection."""
        while b"\r\n\r\n" not in self._waiting:
            piece = self._more()
            if not piece:
                return None
            self._waiting += piece
        head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        return Asked(line, {k.lower(): v.strip() for k, _, v in (text.partition(":") for text in lines)}, b"")

    def request(self) -> Asked | None:
        asked = self.head()
        if asked is None:
            return None
        length = int(asked.headers.get("content-length", "0"))
        while len(self._waiting) < length:
            piece = self._more()
            if not piece:
                return None
            self._waiting += piece
        asked = Asked(asked.line, asked.headers, self._waiting[:length])
        self._waiting = self._waiting[length:]
        with self.server.changed:
            self.server.asked.append(asked)
            self.server.changed.notify_all()
        return asked

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, body: bytes = b"ok", status: int = 200, **headers: str) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.say(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)

    def read_nothing_more(self) -> None:
        """Hold the connection, unread, until the test ends: beside a reader that keeps up, one write carries 64 MiB."""
        ended = select.poll()
        ended.register(self.socket, 0)
        ended.poll(PATIENCE * 1000)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def _more(self) -> bytes:
        try:
            return self.socket.recv(1 << 16)
        except OSError:
            return b""


@dataclass
class Server:
    url: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, requests: int) -> None:
        """Wait until so many requests have come whole."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= requests, PATIENCE), "the requests did not come"


Behave = Callable[[Talk], None]


def polite(talk: Talk) -> None:
    """Answers every request on a connection, and gives its id back."""
    while asked := talk.request():
        talk.answer(X_Request_Id=asked.identity)
        if asked.headers.get("connection") == "close":
            return


@contextmanager
def serving(behave: Behave, *, unix: Path | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """A server that lets `behave` speak on each connection, in a thread of its own, and ends it afterwards."""
    family = socket.AF_UNIX if unix else socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind(str(unix) if unix else (host, 0))
        listener.listen(1000)
        name = f"[{host}]" if ":" in host else host
        server = Server(f"unix:{unix}" if unix else f"http://{name}:{listener.getsockname()[1]}/")
        talks: list[tuple[Talk, threading.Thread]] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                talk = Talk(connection, len(talks), server)
                thread = threading.Thread(target=_let, args=(behave, talk), daemon=True)
                talks.append((talk, thread))
                server.connections += 1
                thread.start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            for end in (listener, *(talk.socket for talk, _ in talks)):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE)
            for _, thread in talks:
                thread.join(PATIENCE)


def _let(behave: Behave, talk: Talk) -> None:
    with contextlib.suppress(OSError), talk.socket:
        behave(talk)


def loaded(
    server: Server | str, *, count: int = 5, rate: float = 200.0, load: list[Load] | None = None, **more: object
) -> Result:
    """The result of a run of `count` requests, whose account adds up. A busy machine is not held against it."""
    url = server if isinstance(server, str) else server.url
    options = {"seconds": 30.0, "timeout": 30.0, "connect_timeout": 30.0, "lag_bound": 30.0, **more}
    made = Load(Plan(parse_target(url), rate=rate, most=count, **options))  # type: ignore[arg-type]
    if load is not None:
        load.append(made)
    too_long = threading.Timer(3 * PATIENCE, made.stop, kwargs={"at_once": True})
    too_long.start()
    try:
        return adds_up(made.run())
    finally:
        too_long.cancel()


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """The first answer that is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := ask()):
        assert time.monotonic() < deadline, f"it never came: {found}"
    return found


def adds_up(result: Result) -> Result:
    """Each planned request stands in the account once, in whichever way one counts."""
    sent = result.answered + result.lost_total
    assert result.planned == sent + sum(result.not_sent.values())
    assert sum(result.statuses.values()) == result.answered == result.service.count
    assert sum(sum(counts.values()) for second in result.timeline for counts in second.counts.values()) == sent
    assert result.lag.count == sent
    return result
