"""A small HTTP server that says what a test wants, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Says:
    """One answer: a document, or bytes as they are."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Reply = Says | Callable[[Asked], Says]


@dataclass
class Server:
    address: str
    routes: dict[str, Reply]
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [a.path for a in self.asked]


@contextmanager
def serving(routes: Mapping[str, Reply], wrap: Callable[[Any], Any] | None = None) -> Iterator[Server]:
    """A server on a free port of this machine. `wrap` puts its socket into TLS."""
    server = Server("", dict(routes))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer("GET")

        def do_POST(self) -> None:
            self.answer("POST")

        def answer(self, method: str) -> None:
            parts = urlsplit(self.path)
            query = {k: v[-1] for k, v in parse_qs(parts.query).items()}
            asked = Asked(method, parts.path, query, {k.lower(): v for k, v in self.headers.items()})
            server.asked.append(asked)
            reply = server.routes.get(parts.path, Says(404, {"kind": "Status", "message": "not found"}))
            says = reply(asked) if callable(reply) else reply
            self.send_response(says.status)
            for name, value in {"Content-Length": str(len(says.data)), **says.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(says.data)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is what some tests are about."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    if wrap is not None:
        listener.socket = wrap(listener.socket)
    scheme = "https" if wrap else "http"
    server.address = f"{scheme}://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
