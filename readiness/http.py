"""The one seam for HTTP: bounded reads from one server, and bounded messages to one.

The library behind it is imported when the first client is made, never before. A Reader reads with GET, so that no
source can change what it looks at; a Sender alone can say something to a server. No redirect is followed: an address
that sends a reader elsewhere could collect its credentials. No proxy, certificate or login of the surroundings is used
that the caller did not name.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

_NOISE = re.compile(r"\[(?:SSL|Errno)[^\]]*\] ?|\s*\(_ssl\.c:\d+\)")
_PATIENCE = 3
_LONGEST_WAIT = 5.0
# One of them at most: each step of unpacking may make a thousand bytes of one, before anybody could count them.
_CODINGS: tuple[list[str], ...] = ([], ["identity"], ["gzip"], ["deflate"])


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server proves itself, and how this client does. Paths of PEM files; empty ones are not used.

    Without `ca_file` the authorities of the system count. `server_name` is the name that the certificate must have,
    where it is not that of the address.
    """

    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    verify: bool = True
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one answer may use: seconds to connect, seconds until its end (those to connect are among
    them), bytes of its body once unpacked."""

    connect: float = 5.0
    seconds: float = 60.0
    size: int = 64 << 20


DEFAULT_BOUNDS = Bounds()


class NoAnswer(Exception):
    """The server gave no answer. The text says why, for a person, and holds no secret."""


class TooLarge(NoAnswer):
    """The answer was larger than it may be."""


class TooSlow(NoAnswer):
    """The answer, or the connection, did not come within its time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, whatever its status. Names of headers are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Reads from one server. It may be shared by threads; it is to be closed.

    `headers` is asked before every request, so that a credential which was renewed is used at once. Raises NoAnswer for
    certificate files that cannot be used and for a proxy that is none.

    `attempts` is how often a server that asks for patience is asked; with one, its first answer is taken for what it
    is. What a `stoppable` reader reads can be ended by another thread.
    """

    def __init__(
        self,
        address: str,
        *,
        tls: Tls | None = None,
        proxy: str = "",
        headers: Callable[[], Mapping[str, str]] = dict,
        bounds: Bounds = DEFAULT_BOUNDS,
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = _PATIENCE,
        stoppable: bool = False,
    ) -> None:
        import httpx

        self._library, self._headers, self._bounds, self._sleep = httpx, headers, bounds, sleep
        self._address, self._attempts = address.rstrip("/"), attempts
        tls = tls or Tls()
        self._extensions: dict[str, Any] = {"trace": self._connected}
        if tls.server_name:
            self._extensions["sni_hostname"] = tls.server_name
        # Of the answer that this thread waits for: when it has to be there, and whether anything of it has come.
        self._due = threading.local()
        self._sockets: list[socket.socket] = []
        self._stoppable, self._stopped = stoppable, False
        try:
            self._client = httpx.Client(
                verify=_context(tls),
                proxy=proxy or None,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(bounds.seconds, connect=bounds.connect),
            )
        except (ImportError, ValueError, httpx.InvalidURL) as refusal:
            raise NoAnswer(f"the proxy cannot be used: {_plain(refusal)}") from None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None, *, accept: str = "*/*") -> Answer:
        """The answer to GET `path`. Raises NoAnswer, TooLarge.

        A server that asks for patience (429, or 503 with Retry-After) gets it, at most twice and 5 seconds each.
        """
        for attempt in range(1, self._attempts + 1):
            answer = self._ask("GET", path, {"Accept": accept}, params=dict(parameters) if parameters else None)
            wait = _wanted_wait(answer)
            if wait is None or attempt == self._attempts:
                return answer
            self._sleep(wait)
        raise AssertionError("the last attempt returns")

    def change(
        self, method: str, path: str, body: bytes, kind: str, parameters: Mapping[str, str | int] | None = None
    ) -> Answer:
        """The answer to a request that changes something, with that body of that content type. It is said once: where
        no answer comes, nobody knows whether it was heard. Raises NoAnswer, TooLarge."""
        said = {"Accept": "application/json", "Content-Type": kind}
        return self._ask(method, path, said, content=body, params=dict(parameters) if parameters else None)

    def stop(self) -> None:
        """End what a stoppable reader reads, and what it will read: whoever reads gets NoAnswer. For another thread."""
        self._stopped = True
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # TLS sockets' own would meddle with the reading thread

    def _connected(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            stream = info["return_value"]
            stream.read = self._in_time(stream.read)
            if self._stoppable:
                self._sockets.append(stream.get_extra_info("socket"))
                if self._stopped:
                    self.stop()

    def _in_time(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        """The library bounds each read, and knows no end of an answer that comes byte by byte."""

        def hurried(most: int, timeout: float | None = None) -> bytes:  # noqa: ARG001 (never less than what is left)
            left = self._due.at - time.monotonic()
            if left <= 0:
                raise self._late()
            data = read(most, timeout=left)
            self._due.heard = True
            return data

        return hurried

    def _late(self) -> TooSlow:
        what = "the answer did not end" if self._due.heard else "no answer"
        return TooSlow(f"{what} within {self._bounds.seconds:g} s")

    def _ask(self, method: str, path: str, said: Mapping[str, str], **parts: Any) -> Answer:
        headers = {"User-Agent": "readiness", "Accept-Encoding": "gzip, deflate", **said, **self._headers()}
        self._due.at, self._due.heard = time.monotonic() + self._bounds.seconds, False
        body = bytearray()
        try:
            with self._client.stream(
                method, self._address + path, headers=headers, extensions=self._extensions, **parts
            ) as response:
                codings = response.headers.get_list("content-encoding", split_commas=True)
                if [one.strip().lower() for one in codings] not in _CODINGS:
                    raise NoAnswer("the answer is packed as nobody asked for: " + ", ".join(codings)[:80])
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > self._bounds.size:
                        raise TooLarge(f"the answer is larger than {self._bounds.size >> 20} MiB")
                if self._stopped:  # the end of the connection was ours, not the end of the answer
                    raise NoAnswer("it was stopped")
                return Answer(response.status_code, bytes(body), {k.lower(): v for k, v in response.headers.items()})
        except self._library.ConnectTimeout:
            raise TooSlow(f"no connection within {self._bounds.connect:g} s") from None
        except self._library.TimeoutException:
            raise self._late() from None
        except (self._library.LocalProtocolError, UnicodeEncodeError):
            # What the library says here repeats the header, which may be a credential.
            raise NoAnswer("a header cannot be sent: a credential holds a character that no header may") from None
        except (self._library.HTTPError, self._library.InvalidURL, OSError, ValueError) as fault:
            raise NoAnswer(_plain(fault)) from None


class Sender:
    """Says something to one server, once: nothing is repeated, since a message that was lost may have been heard.

    It is to be closed. Raises NoAnswer as a Reader does.
    """

    def __init__(self, address: str, *, tls: Tls | None = None, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        origin, self._path = _split(address)
        self._connection = Reader(origin, tls=tls, bounds=bounds)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.__exit__(None, None, None)

    def post(self, body: bytes, kind: str = "application/json") -> Answer:
        """The answer to POST with that body of that content type, at the address itself. Raises NoAnswer, TooLarge."""
        # A connection that is kept may be closed by the server just when the next message is under way, and lose it.
        headers = {"Accept": "*/*", "Content-Type": kind, "Connection": "close"}
        return self._connection._ask("POST", self._path, headers, content=body)


def _split(address: str) -> tuple[str, str]:
    """The server of an address, and what stands behind it, to the last character."""
    scheme, mark, rest = address.partition("://")
    server = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}{mark}{server}", rest[len(server) :]


def _context(tls: Tls) -> ssl.SSLContext:
    if not tls.verify:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = _trusting(tls.ca_file)
    # Authorities that clusters make for themselves often lack the extensions that newer Pythons insist on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.certificate:
        try:
            # An empty password: OpenSSL would otherwise ask for one on the terminal and wait.
            context.load_cert_chain(tls.certificate, tls.key or None, password=lambda: "")
        except (OSError, ValueError) as fault:
            raise NoAnswer(f"the client certificate and its key cannot be used together: {_plain(fault)}") from None
    return context


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as fault:
        raise NoAnswer(f"the certificate authority cannot be used: {_plain(fault)}") from None


def _wanted_wait(answer: Answer) -> float | None:
    """The seconds that the server asks for before the next attempt; None where it does not ask."""
    asked = answer.headers.get("retry-after", "")
    if answer.status != 429 and not (answer.status == 503 and asked):
        return None
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 1.0


def _plain(fault: BaseException) -> str:
    """What a library says, without its numbers; its name where it says nothing."""
    return _NOISE.sub("", str(fault)).strip() or type(fault).__name__
