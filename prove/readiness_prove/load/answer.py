"""Takes an HTTP/1.1 answer in, piece by piece, strictly: what a lenient reader forgives is what a witness looks for."""

from __future__ import annotations

import re
from enum import Enum, auto

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n\0]*)?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LARGEST_HEAD = 1 << 16
_LONGEST_LINE = 1 << 12


class Malformed(Exception):
    """What came is no answer. The text says why."""


class _Part(Enum):
    HEAD = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSED = auto()


class Answer:
    """One answer as far as it has come. Its body is counted and not kept.

    `status` is 0 until the head has come whole. Names of `headers` are in lower case; of equal ones the last counts.
    """

    __slots__ = (
        "_buffer",
        "_chunk",
        "_head_only",
        "_left",
        "_part",
        "begun",
        "complete",
        "headers",
        "lasting",
        "status",
    )

    def __init__(self, head_only: bool = False) -> None:
        self._head_only, self._part, self._left = head_only, _Part.HEAD, 0
        self._buffer = b""
        self._chunk = _Chunks()
        self.begun = self.complete = False
        self.lasting = True  # whether the connection may carry a further request
        self.status = 0
        self.headers: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Take in what came. Raises Malformed, also for bytes after the end of the answer."""
        self.begun = True
        while data and self._part is _Part.HEAD and not self.complete:
            data = self._head(data)
        if self.complete:
            if data:
                raise Malformed(f"{len(data)} bytes came after the end of the answer")
        elif self._part is _Part.LENGTH:
            self._left -= len(data)
            self.complete = self._left <= 0
            if self._left < 0:
                raise Malformed(f"{-self._left} bytes came after the end of the answer")
        elif self._part is _Part.CHUNKED:
            self.complete = self._chunk.feed(data)

    def closed(self) -> None:
        """The server sent all that it will: the end of an answer that has neither length nor chunks."""
        self.lasting = False
        self.complete = self.complete or self._part is _Part.UNTIL_CLOSED

    def _head(self, data: bytes) -> bytes:
        """Take in a part of the head; what comes after it is given back."""
        data = self._buffer + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if not data.startswith(b"HTTP/1."[: len(data)]):
                raise Malformed("it does not begin as an answer of HTTP/1.1 does")
            if len(data) > _LARGEST_HEAD:
                raise Malformed(f"its head is larger than {_LARGEST_HEAD >> 10} KiB")
            self._buffer = data
            return b""
        self._buffer = b""
        self._read_head(data[:end])
        return data[end + 4 :]

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        matched = _STATUS_LINE.fullmatch(first)
        if matched is None:
            raise Malformed("its first line is no status line of HTTP/1.0 or 1.1")
        status = int(matched[2])
        if status == 101:
            raise Malformed("it changes to another protocol, which nobody asked for")
        if status < 200:
            return
        lengths, codings = self._read_headers(lines)
        self.status = status
        tokens = {token.strip() for token in self.headers.get("connection", "").lower().split(",")}
        self.lasting = "close" not in tokens if matched[1] == b"1" else "keep-alive" in tokens
        self._measure(lengths, codings)

    def _read_headers(self, lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        lengths: list[bytes] = []
        codings: list[bytes] = []
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not _NAME.fullmatch(name):
                raise Malformed("a line of its head is no header")
            lower, value = name.lower(), value.strip(b" \t")
            if lower == b"content-length":
                lengths.append(value)
            elif lower == b"transfer-encoding":
                codings.append(value.lower())
            self.headers[lower.decode()] = value.decode("latin-1")
        return lengths, codings

    def _measure(self, lengths: list[bytes], codings: list[bytes]) -> None:
        """How the end of the body will be known."""
        if lengths and codings:
            raise Malformed("it has both Content-Length and Transfer-Encoding")
        if len(set(lengths)) > 1 or any(not text.isdigit() or len(text) > 18 for text in lengths):
            raise Malformed("its Content-Length is no single number")
        if codings and codings != [b"chunked"]:
            raise Malformed("its Transfer-Encoding is not chunked")
        if self._head_only or self.status in (204, 304):
            self.complete = True
        elif codings:
            self._part = _Part.CHUNKED
        elif lengths:
            self._part, self._left = _Part.LENGTH, int(lengths[0])
            self.complete = self._left == 0
        else:
            self._part, self.lasting = _Part.UNTIL_CLOSED, False


class _Chunks:
    """A chunked body."""

    __slots__ = ("_buffer", "_ends", "_last", "_left")

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0  # bytes of this chunk still to come
        self._ends = False  # its line end is to come
        self._last = False  # the last chunk was seen: trailers follow

    def feed(self, data: bytes) -> bool:
        """Whether the body is whole. Raises Malformed."""
        self._buffer += data
        while self._buffer:
            if self._left:
                taken = min(self._left, len(self._buffer))
                self._left, self._buffer = self._left - taken, self._buffer[taken:]
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                if len(line) > _LONGEST_LINE or (self._ends and line not in (b"", b"\r")):
                    raise Malformed("a chunk does not end where it said")
                return False
            self._buffer = rest
            if self._line(line):
                if rest:
                    raise Malformed(f"{len(rest)} bytes came after the end of the answer")
                return True
        return False

    def _line(self, line: bytes) -> bool:
        if self._ends:
            if line:
                raise Malformed("a chunk does not end where it said")
            self._ends = False
            return False
        if self._last:
            return not line
        matched = _CHUNK_SIZE.fullmatch(line)
        if matched is None:
            raise Malformed("a chunk does not say its size")
        self._left = int(matched[1], 16)
        self._last = self._left == 0
        self._ends = not self._last
        return False
