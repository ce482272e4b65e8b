"""The heads of HTTP/1.1 messages, read strictly (RFC 9112).

What two programs in a row could read differently is refused, never mended: bare line feeds, folded lines, blanks before
a colon, control characters, two lengths, a length beside chunks, codings other than chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_FIELDS = rb"((?:\r\n" + _TOKEN + rb":[^\x00-\x08\x0a-\x1f\x7f]*+)*+)"
_REQUEST = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]++) HTTP/1\.([01])" + _FIELDS)
_ANSWER = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*+))?" + _FIELDS)
_OTHER_VERSION = re.compile(rb"" + _TOKEN + rb" [\x21-\x7e]++ HTTP/[0-9](?:\.[0-9])?(?:\r\n.*)?", re.DOTALL)
_BARE_FEED = re.compile(rb"(?<!\r)\n|\x00")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]+")
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)([/?].*)?", re.IGNORECASE)
_REQUEST_TRAILERS = re.compile(_FIELDS)

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te",
     b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings", b"proxy")
)  # fmt: skip
"""Names that concern one connection only, and `Proxy`, which programs in the style of CGI take for a setting."""

_NOT_IN_TRAILERS = HOP_BY_HOP | frozenset(
    (b"host", b"content-length", b"content-encoding", b"content-type", b"content-range", b"authorization", b"cookie",
     b"set-cookie", b"expect", b"cache-control", b"te", b"forwarded", b"x-forwarded-for", b"x-forwarded-proto",
     b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-server", b"x-real-ip", b"x-request-id")
)  # fmt: skip
_TOLD_APART = HOP_BY_HOP | frozenset((b"host", b"content-length", b"expect"))


class Malformed(Exception):
    """A message that is not what HTTP/1.1 allows, or more than it may be. `status` is what a client is told."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class RequestHead:
    """A request up to its body. `fields` are the end-to-end ones as (name in lower case, whole line), in their order.

    `length` is None where the body is chunked; 0 where there is none. `target` is in origin form, or `*`.
    """

    method: bytes
    target: bytes
    minor: int
    fields: list[tuple[bytes, bytes]]
    host: bytes = b""
    length: int | None = 0
    keep: bool = True
    expects: bool = False
    upgrade: bytes = b""
    trailers: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice does what doing it once does (RFC 9110, 9.2.2)."""
        return self.method in _REPEATABLE


_REPEATABLE = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"))


@dataclass(slots=True)
class AnswerHead:
    """An answer up to its body. `length` is None where the body is chunked, -1 where it ends with the connection."""

    status: int
    reason: bytes
    minor: int
    fields: list[tuple[bytes, bytes]]
    length: int | None = -1
    keep: bool = True
    upgrade: bytes = b""


@dataclass(slots=True)
class _Told:
    """The values of the fields that steer a connection, by name."""

    values: dict[bytes, list[bytes]] = field(default_factory=dict)

    def one(self, name: bytes) -> bytes | None:
        """The value of a field that may stand once."""
        found = self.values.get(name)
        if found is None:
            return None
        if len(found) > 1:
            raise Malformed(f"{name.decode()} stands {len(found)} times")
        return found[0]

    def words(self, name: bytes) -> set[bytes]:
        found = self.values.get(name)
        return set() if found is None else {w.strip().lower() for v in found for w in v.split(b",")}


def suspicious(piece: bytes) -> bool:
    """Whether an unfinished head can never become a good one."""
    return _BARE_FEED.search(piece) is not None


def read_request(head: bytes, lines: int = 100) -> RequestHead:
    """The request that these bytes say, up to and without the empty line. Raises Malformed."""
    match = _REQUEST.fullmatch(head)
    if match is None:
        if _OTHER_VERSION.fullmatch(head) and not suspicious(head) and b" HTTP/1." not in head.partition(b"\r")[0]:
            raise Malformed("wanted HTTP/1.1 or HTTP/1.0", 505)
        raise Malformed("the head of the request is none")
    method, target, minor, block = match.groups()
    fields, told = _sort(block, lines)
    request = RequestHead(method, target, 1 if minor == b"1" else 0, fields)
    words = told.words(b"connection") if told.values else set()
    request.keep = b"close" not in words if request.minor else b"keep-alive" in words
    request.host = _host(request, told)
    request.length = _request_length(request.minor, told)
    expect = told.one(b"expect")
    if expect is not None:
        if expect.lower() != b"100-continue":
            raise Malformed("wanted no expectation but 100-continue", 417)
        request.expects = request.minor == 1 and request.length != 0
    if words:
        request.upgrade = _websocket(request, words, told)
        request.trailers = b"te" in words and b"trailers" in told.words(b"te")
        _drop_named(fields, words)
    return request


def read_answer(head: bytes, method: bytes, lines: int = 200) -> AnswerHead:
    """The answer to a request of this method. Raises Malformed."""
    match = _ANSWER.fullmatch(head)
    if match is None:
        raise Malformed("the head of the answer is none")
    minor, status, reason, block = match.groups()
    fields, told = _sort(block, lines)
    answer = AnswerHead(int(status), reason or b"", 1 if minor == b"1" else 0, fields)
    words = told.words(b"connection")
    answer.keep = b"close" not in words if answer.minor else b"keep-alive" in words
    answer.length = _answer_length(answer, method, told)
    if answer.status == 101:
        answer.upgrade = b", ".join(told.values.get(b"upgrade", ()))
    if words:
        _drop_named(fields, words)
    return answer


def read_trailers(block: bytes) -> list[bytes]:
    """The lines of a trailer section (each begins with CRLF in `block`) that may travel on. Raises Malformed."""
    if not _REQUEST_TRAILERS.fullmatch(block):
        raise Malformed("the trailers are none")
    lines = block.split(b"\r\n")[1:]
    # Some servers take an underscore for a hyphen.
    return [line for line in lines if line.partition(b":")[0].lower().replace(b"_", b"-") not in _NOT_IN_TRAILERS]


def _sort(block: bytes, most: int) -> tuple[list[tuple[bytes, bytes]], _Told]:
    """Fields that travel on, and those that steer this connection. Content-Length does both."""
    lines = block.split(b"\r\n")
    if len(lines) - 1 > most:
        raise Malformed(f"the head has more than {most} fields", 431)
    fields = []
    told = _Told()
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _TOLD_APART:
            told.values.setdefault(name, []).append(value.strip(b" \t"))
            if name in HOP_BY_HOP or name == b"content-length":
                continue
        fields.append((name, line))
    return fields, told


def _host(request: RequestHead, told: _Told) -> bytes:
    host = told.one(b"host")
    if host is None and request.minor:
        raise Malformed("Host is missing")
    if host is not None and not _HOST.fullmatch(host):
        raise Malformed("Host is none")
    target = request.target
    if target[:1] != b"/":
        _made_origin(request, host)
    if b"#" in target:
        raise Malformed("the target has a fragment")
    return host or b""


def _made_origin(request: RequestHead, host: bytes | None) -> None:
    """Take the absolute form, where it says the same host as the field, for the origin form."""
    if request.method in (b"CONNECT", b"TRACE"):
        return  # refused by who carries it
    if request.target == b"*" and request.method == b"OPTIONS":
        return
    absolute = _ABSOLUTE.fullmatch(request.target)
    if absolute is None:
        raise Malformed("the target is none")
    if host is None or absolute[1].lower() != host.lower():
        raise Malformed("the target and Host name different hosts")
    rest: bytes = absolute[2] or b"/"
    request.target = rest if rest[:1] == b"/" else b"/" + rest


def _length(told: _Told) -> int | None:
    text = told.one(b"content-length")
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise Malformed("Content-Length is no number")
    return int(text)


def _chunked(minor: int, told: _Told) -> bool:
    coding = told.one(b"transfer-encoding")
    if coding is None:
        return False
    if not minor:
        raise Malformed("Transfer-Encoding in HTTP/1.0")
    if b"content-length" in told.values:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if coding.lower() != b"chunked":
        raise Malformed("wanted no transfer coding but chunked", 501)
    return True


def _request_length(minor: int, told: _Told) -> int | None:
    if not told.values:
        return 0
    return None if _chunked(minor, told) else _length(told) or 0


def _answer_length(answer: AnswerHead, method: bytes, told: _Told) -> int | None:
    """Applications say their length twice at times; the same one twice says it once."""
    lengths = told.values.get(b"content-length")
    if lengths and len(set(lengths)) == 1:
        told.values[b"content-length"] = lengths[:1]
    chunked, length = _chunked(answer.minor, told), _length(told)
    bodiless = method == b"HEAD" or answer.status in (204, 304) or answer.status < 200
    if length is not None and not (answer.status < 200 or answer.status == 204):
        answer.fields.append((b"content-length", b"Content-Length: %d" % length))
    if bodiless:
        return 0
    if chunked:
        return None
    return -1 if length is None else length


def _websocket(request: RequestHead, words: set[bytes], told: _Told) -> bytes:
    """The protocol to change to. Others than websocket could carry requests past whoever reads them here."""
    if b"upgrade" not in words or request.minor == 0 or request.length != 0:
        return b""
    return b"websocket" if told.words(b"upgrade") == {b"websocket"} else b""


def _drop_named(fields: list[tuple[bytes, bytes]], words: set[bytes]) -> None:
    """Take away what Connection names, but nothing that HTTP needs end to end."""
    named = words - {b"close", b"keep-alive", b"host", b"content-length", b""}
    if any(name in named for name, _ in fields):
        fields[:] = [(name, line) for name, line in fields if name not in named]
