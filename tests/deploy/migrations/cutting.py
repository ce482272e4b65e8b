"""A TCP proxy in front of PostgreSQL that knows where messages end, and does harm exactly there.

It numbers the messages of both directions of all its connections together, from 1. Harm comes before a message is
passed on: a cut before COMMIT is harm at the client's message, a lost reply is harm at the server's answer to it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Message:
    """One message: from the `client` or the `server`, its type, and its bytes."""

    number: int
    sender: str
    kind: str
    data: bytes

    @property
    def commits(self) -> bool:
        return self.sender == "client" and self.kind in "QP" and b"COMMIT" in self.data


@dataclass
class CuttingProxy:
    """`harm` sees each message before it is passed on and says `cut`, `freeze`, `slow` or nothing."""

    port: int
    harm: Callable[[Message], str] = lambda _: ""
    seen: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.address = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            frozen = threading.Event()
            for sender, source, target in (("client", client, server), ("server", server, client)):
                threading.Thread(target=self._carry, args=(sender, source, target, frozen), daemon=True).start()

    def _carry(self, sender: str, source: socket.socket, target: socket.socket, frozen: threading.Event) -> None:
        reader = source.makefile("rb")
        starting = sender == "client"
        with contextlib.suppress(OSError, struct.error):
            while True:
                data, kind, starting = _next(reader, starting)
                if not self._pass(sender, kind, data, target, frozen):
                    break
        if frozen.is_set():  # nobody learns that anybody is gone
            return
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _pass(self, sender: str, kind: str, data: bytes, target: socket.socket, frozen: threading.Event) -> bool:
        with self._lock:
            message = Message(len(self.seen) + 1, sender, kind, data)
            self.seen.append(message)
            harm = "freeze" if frozen.is_set() else self.harm(message)
        if harm == "freeze":
            frozen.set()
            return False
        if harm == "cut":
            return False
        if harm == "slow":
            time.sleep(0.02)
        target.sendall(data)
        return True


def _next(reader: object, starting: bool) -> tuple[bytes, str, bool]:
    """The next message, its type, and whether another one without a type follows."""
    read = reader.read  # type: ignore[attr-defined]
    if starting:
        size = read(4)
        (length,) = struct.unpack("!i", size)
        body = read(length - 4)
        return size + body, "start", False
    kind = read(1)
    size = read(4)
    (length,) = struct.unpack("!i", size)
    return kind + size + read(length - 4), kind.decode("latin-1"), False
