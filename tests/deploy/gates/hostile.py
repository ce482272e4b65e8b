"""A server that does to its client what servers do on bad days, one behaviour for each request."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Behaviour = Callable[["Talk"], None]
GIVE_UP = 120.0  # seconds after which a behaviour ends by itself, so that no test leaves a thread behind
_TAKEN: list[socket.socket] = []


@dataclass(frozen=True)
class Talk:
    """One request and the connection it came by. `over` is set when the test is."""

    connection: socket.socket
    target: str
    headers: dict[str, str]
    over: threading.Event

    @property
    def query(self) -> str:
        return parse_qs(urlsplit(self.target).query).get("query", [""])[-1]

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float = GIVE_UP) -> bool:
        return self.over.wait(seconds)


@dataclass
class Hostile:
    address: str
    asked: list[Talk] = field(default_factory=list)


@contextmanager
def hostile(*behaviours: Behaviour) -> Iterator[Hostile]:
    """A server on loopback: the first request meets the first behaviour, and so on; the last one stays."""
    over, threads = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = Hostile(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(GIVE_UP)
                talk = _heard(connection, over)
                server.asked.append(talk)
                behaviours[min(len(server.asked), len(behaviours)) - 1](talk)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (acceptor, *threads):
                thread.join(GIVE_UP)


def _heard(connection: socket.socket, over: threading.Event) -> Talk:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece or piece.startswith(b"\x16"):  # the end, or the beginning of TLS
            raise ConnectionError
        head += piece
    first, *lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Talk(connection, first.split(" ")[1], headers, over)


def says(status: int = 200, body: bytes | str = b"", **headers: str) -> Behaviour:
    """A whole answer. Names of headers are written with _ for -."""
    data = body.encode() if isinstance(body, str) else body

    def behave(talk: Talk) -> None:
        lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(data)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        talk.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + data)

    return behave


def after(seconds: float, then: Behaviour) -> Behaviour:
    """The same, later."""

    def behave(talk: Talk) -> None:
        talk.wait(seconds)
        then(talk)

    return behave


def by_query(answers: Sequence[tuple[str, Behaviour]]) -> Behaviour:
    """The behaviour of the first text that the query contains."""

    def behave(talk: Talk) -> None:
        next(answer for text, answer in answers if text in talk.query)(talk)

    return behave


def hang(talk: Talk) -> None:
    talk.wait()


def reset(talk: Talk) -> None:
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(talk: Talk) -> None:
    """Nothing at all, and the end."""


def half(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nRelease: r-1\r\n\r\nhalf of")


def garbage(talk: Talk) -> None:
    talk.send(b"\x00\xff\xfe no HTTP at all\r\n\r\n")


def drip_head(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not talk.wait(0.02):
        talk.send(b"x")


def drip_body(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nRelease: r-1\r\n\r\n")
    while not talk.wait(0.02):
        talk.send(b"x")


def huge(talk: Talk) -> None:
    size = 200 << 20
    talk.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nRelease: r-1\r\n\r\n".encode())
    for _ in range(size >> 16):
        talk.send(b" " * (1 << 16))


def bomb(talk: Talk) -> None:
    data = gzip.compress(b" " * (64 << 20))
    says(200, data, Content_Encoding="gzip", Release="r-1")(talk)


def redirect(talk: Talk) -> None:
    says(302, b"", Location=talk.target)(talk)


def document(code: int = 200, /, **parts: object) -> Behaviour:
    """A JSON object."""
    return says(code, json.dumps(parts), Content_Type="application/json")


def nobody() -> str:
    """An address where nobody listens, or will: it is taken for as long as the tests run."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    _TAKEN.append(taken)
    return f"http://127.0.0.1:{taken.getsockname()[1]}"
