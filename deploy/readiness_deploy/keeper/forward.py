"""How heads travel on: what the keeper adds to a request and takes from it, and how it speaks in its own name.

There is no `Via`: it would make servers that know it from old proxies send everything uncompressed.
"""

from __future__ import annotations

import os
import re
import time
from http import HTTPStatus
from itertools import count

from readiness_deploy.keeper.http1 import AnswerHead, RequestHead

_IDENTITY = re.compile(rb"[A-Za-z0-9._~+/=:@\-]{1,128}")
_FOR, _PROTO, _HOST, _FORWARDED = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"
_ABOUT_CLIENTS = frozenset((_FOR, _PROTO, _HOST, _FORWARDED, b"x-forwarded-port", b"x-forwarded-server", b"x-real-ip"))
_REQUEST_ID = b"x-request-id"
_WRITTEN_HERE = frozenset((_FOR, _PROTO, _HOST, _FORWARDED, _REQUEST_ID))
_numbers = count(1)
_run = os.urandom(8).hex().encode()


class Origin:
    """Who sent the requests of one connection, in the words of the fields that say so."""

    __slots__ = ("_host", "_lines", "peer", "scheme", "trusted")

    def __init__(self, peer: str, scheme: bytes, trusted: bool) -> None:
        self.peer = peer.encode()
        self.scheme = scheme
        self.trusted = trusted
        self._host: bytes | None = None
        self._lines: list[bytes] = []

    def lines(self, host: bytes) -> list[bytes]:
        """The fields for a request to this host that said nothing of the kind, or was not to be believed."""
        if host != self._host:
            self._host = host
            self._lines = self._made(host)
        return self._lines

    def _made(self, host: bytes) -> list[bytes]:
        named = [b"X-Forwarded-Host: " + host] if host else []
        return [
            b"X-Forwarded-For: " + self.peer, b"X-Forwarded-Proto: " + self.scheme, *named,
            b"Forwarded: " + self.element(host),
        ]  # fmt: skip

    def element(self, host: bytes) -> bytes:
        """What RFC 7239 calls an element."""
        peer = b'"[%b]"' % self.peer if b":" in self.peer else self.peer
        return b"for=%b%b;proto=%b" % (peer, b';host="%b"' % host if host else b"", self.scheme)


def new_identity() -> bytes:
    """An id for a request that came without one; unique among all keepers."""
    return b"%b-%x" % (_run, next(_numbers))


def identity_of(request: RequestHead) -> bytes:
    """The id that a request came with, where it is fit for logs; else a new one."""
    given = [line for name, line in request.fields if name == _REQUEST_ID]
    value = given[0].partition(b":")[2].strip(b" \t") if len(given) == 1 else b""
    return value if _IDENTITY.fullmatch(value) else new_identity()


def request_head(request: RequestHead, origin: Origin, identity: bytes, address: tuple[str, int]) -> bytes:
    """The request as the colour gets it, up to the empty line."""
    given: dict[bytes, list[bytes]] = {}
    lines = [b"%b %b HTTP/1.1" % (request.method, request.target)]
    for name, line in request.fields:
        if name in _ABOUT_CLIENTS or name == _REQUEST_ID:
            given.setdefault(name, []).append(line)
        elif b"_" not in name or name.replace(b"_", b"-") not in _WRITTEN_HERE | _ABOUT_CLIENTS:
            lines.append(line)
    if not request.host:
        lines.append(b"Host: %b:%d" % (address[0].encode(), address[1]))
    given.pop(_REQUEST_ID, None)
    lines += _passed_on(given, origin, request.host) if given and origin.trusted else origin.lines(request.host)
    lines.append(b"X-Request-Id: " + identity)
    if request.length is None:
        lines.append(b"Transfer-Encoding: chunked")
    elif request.length or request.method in (b"POST", b"PUT", b"PATCH"):
        lines.append(b"Content-Length: %d" % request.length)
    named = []
    if request.trailers:
        named.append(b"TE")
        lines.append(b"TE: trailers")
    if request.upgrade:
        named.append(b"Upgrade")
        lines.append(b"Upgrade: " + request.upgrade)
    if named:
        lines.append(b"Connection: " + b", ".join(named))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _passed_on(given: dict[bytes, list[bytes]], origin: Origin, host: bytes) -> list[bytes]:
    """What a proxy of ours said about its client, and what is known besides."""

    def said(name: bytes) -> bytes:
        return b", ".join(line.partition(b":")[2].strip(b" \t") for line in given.pop(name, ()))

    chain, proto, wanted, elements = said(_FOR), said(_PROTO), said(_HOST), said(_FORWARDED)
    named = wanted or host
    lines = [b"X-Forwarded-For: " + (b"%b, %b" % (chain, origin.peer) if chain else origin.peer)]
    lines.append(b"X-Forwarded-Proto: " + (proto or origin.scheme))
    lines += [b"X-Forwarded-Host: " + named] if named else []
    element = origin.element(host)
    lines.append(b"Forwarded: " + (b"%b, %b" % (elements, element) if elements else element))
    return lines + [line for rest in given.values() for line in rest]


def answer_head(answer: AnswerHead, request: RequestHead, identity: bytes, *, keep: bool, chunked: bool) -> bytes:
    """The answer as the client gets it, up to the empty line."""
    lines = [b"HTTP/1.1 %d %b" % (answer.status, answer.reason)]
    known = False
    for name, line in answer.fields:
        lines.append(line)
        known = known or name == _REQUEST_ID
    if not known:
        lines.append(b"X-Request-Id: " + identity)
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    if answer.upgrade:
        lines += [b"Connection: Upgrade", b"Upgrade: " + answer.upgrade]
    elif not keep:
        lines.append(b"Connection: close")
    elif request.minor == 0:
        lines.append(b"Connection: keep-alive")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def interim_head(answer: AnswerHead) -> bytes:
    """An answer that precedes the answer."""
    lines = [b"HTTP/1.1 %d %b" % (answer.status, answer.reason), *(line for _, line in answer.fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def own_answer(status: int, text: str, *, keep: bool, head_only: bool = False, retry_after: int = 0) -> bytes:
    """An answer of the keeper itself. `text` holds nothing of the request."""
    body = f"{status} {text}\n".encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
        b"Server: readiness",
        b"Date: " + _date(),
        b"Content-Type: text/plain; charset=utf-8",
        b"Cache-Control: no-store",
        b"Content-Length: %d" % len(body),
    ]
    lines += [b"Retry-After: %d" % retry_after] if retry_after else []
    lines += [] if keep else [b"Connection: close"]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if head_only else body)


def _date() -> bytes:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode()
