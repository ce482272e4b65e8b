"""What is asked: operations by weight, and the bytes that one request of them is."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from readiness_prove.load.kinds import BadPlan

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/[!-~]*")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HEAVIEST = 1_000_000
_OURS = frozenset({"connection", "content-length", "transfer-encoding", "expect", "upgrade"})


def is_token(text: str) -> bool:
    """Whether HTTP allows `text` as the name of a header or method."""
    return bool(_TOKEN.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Request:
    """One operation of the mix. It is chosen with a chance of `weight` of all weights.

    `${id}` and `${n}` in path, headers and a body of bytes become the id of the request and its number. A body may also
    be made by a function of that number. `name` is how the operation is called in the record.
    """

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[int], bytes] = b""
    weight: float = 1.0
    name: str = ""

    @property
    def title(self) -> str:
        return self.name or f"{self.method} {self.path}"

    def fault(self, id_header: str) -> str:
        """Why it cannot be sent; empty when it can."""
        if not is_token(self.method):
            return f"method: {self.method!r} is none"
        if not _PATH.fullmatch(self.path):
            return f"path: {self.path!r} does not begin with / or holds what no path may"
        if not 0 < self.weight <= _HEAVIEST:
            return f"weight: wanted a number above 0, a million at most, found {self.weight!r}"
        for name, value in self.headers.items():
            if not is_token(name) or not _VALUE.fullmatch(value):
                return f"headers: {name!r} has a character that no header may have"
            if name.lower() in _OURS or name.lower() == id_header.lower():
                return f"headers: {name!r} is written by the generator; leave it out"
        return ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An operation of the mix, made ready: `render` gives the bytes of one request."""

    title: str
    head_only: bool
    render: Callable[[str, int], bytes]


class Mix:
    """Chooses operations by their weights. Equal seeds choose equally. Raises BadPlan for one that cannot be sent."""

    def __init__(self, requests: Sequence[Request], *, host: str, id_header: str, keep_alive: bool, seed: int) -> None:
        if not requests:
            raise BadPlan("there is no request to send: wanted one at least")
        for place, request in enumerate(requests, 1):
            if fault := request.fault(id_header):
                raise BadPlan(f"request {place}: {fault}")
        self._chosen = [_ready(request, host, id_header, keep_alive) for request in requests]
        self._weights = list(accumulate(request.weight for request in requests))
        self._random = random.Random(seed)  # noqa: S311 (a choice, no secret)

    def choose(self) -> Chosen:
        """The next operation."""
        if len(self._chosen) == 1:
            return self._chosen[0]
        return self._random.choices(self._chosen, cum_weights=self._weights)[0]


def _ready(request: Request, host: str, id_header: str, keep_alive: bool) -> Chosen:
    lines = [] if any(name.lower() == "host" for name in request.headers) else [f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines += [] if keep_alive else ["Connection: close"]
    start = "\r\n".join([f"{request.method} {request.path} HTTP/1.1", *lines, f"{id_header}: "]).encode("latin-1")
    body, bodyless = request.body, request.method in ("GET", "HEAD") and request.body == b""

    def render(identity: str, number: int) -> bytes:
        content = body(number) if callable(body) else _filled(body, identity, number)
        length = b"" if bodyless else b"\r\nContent-Length: %d" % len(content)
        return b"%b%b%b\r\n\r\n%b" % (_filled(start, identity, number), identity.encode(), length, content)

    return Chosen(request.title, request.method == "HEAD", render)


def _filled(text: bytes, identity: str, number: int) -> bytes:
    if b"${" not in text:
        return text
    return text.replace(b"${id}", identity.encode()).replace(b"${n}", b"%d" % number)
