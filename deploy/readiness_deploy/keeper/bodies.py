"""Bodies of messages as they come in: how many bytes belong to one, and where it ends."""

from __future__ import annotations

import re
from typing import Protocol

from readiness_deploy.keeper.http1 import Malformed, read_trailers

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LONGEST_LINE = 1024
_LONGEST_TRAILERS = 8192
_MOST_WRAPPING = 64 << 10


class Body(Protocol):
    """A body that is being read. `rest` is what came after its end; it counts once `done`."""

    done: bool
    rest: bytes
    trailers: list[bytes]

    def feed(self, data: bytes) -> bytes:
        """Take what came; the content in it. Raises Malformed."""
        ...


class Sized:
    """A body of so many bytes."""

    __slots__ = ("_left", "done", "rest", "trailers")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.rest = b""
        self.trailers: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            return data
        self.done = True
        if left == 0:
            return data
        self.rest = data[self._left :]
        return data[: self._left]


class Endless:
    """A body that ends with its connection."""

    __slots__ = ("done", "rest", "trailers")

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self.trailers: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        return data


class Chunked:
    """A body in chunks. Extensions of chunks are dropped, trailers are kept."""

    __slots__ = ("_buffer", "_left", "_part", "_wrapping", "done", "rest", "trailers")

    def __init__(self) -> None:
        self._part = b"size"
        self._left = 0
        self._buffer = b""
        self._wrapping = 0
        self.done = False
        self.rest = b""
        self.trailers: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        data = self._buffer + data if self._buffer else data
        self._buffer = b""
        found: list[bytes] = []
        at = 0
        while not self.done:
            if self._part == b"data":
                piece = data[at : at + self._left]
                found.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._part = b"end"
            after = self._line(data, at)
            if after < 0:
                self._buffer = data[at:]
                break
            at = after
        if self.done:
            self.rest = data[at:]
        return found[0] if len(found) == 1 else b"".join(found)

    def _line(self, data: bytes, at: int) -> int:
        """Read what stands between two pieces of content. Where it ends, or -1 while it has not come."""
        if self._part == b"end":
            end = data[at : at + 2]
            if not b"\r\n".startswith(end):
                raise Malformed("a chunk is longer than it says")
            self._part = b"size" if end == b"\r\n" else b"end"
            return at + 2 if end == b"\r\n" else -1
        return self._size(data, at) if self._part == b"size" else self._trailers(data, at)

    def _size(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at, at + _LONGEST_LINE)
        if end < 0:
            if len(data) - at >= _LONGEST_LINE or b"\n" in data[at : at + _LONGEST_LINE]:
                raise Malformed("the size of a chunk is none")
            return -1
        match = _SIZE.fullmatch(data, at, end)
        if match is None:
            raise Malformed("the size of a chunk is none")
        self._left = int(match[1], 16)
        self._wrap(end - at + 4)
        # The line break before trailers is read with them, so that all of their lines begin with one.
        self._part = b"data" if self._left else b"trailers"
        return end + 2 if self._left else end

    def _wrap(self, size: int) -> None:
        """Many tiny chunks with long extensions cost much and carry little."""
        self._wrapping = max(0, self._wrapping + size - 16 - 2 * self._left)
        if self._wrapping > _MOST_WRAPPING:
            raise Malformed("the chunks carry too little")

    def _trailers(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            if len(data) - at > _LONGEST_TRAILERS:
                raise Malformed("the trailers are too long", 431)
            return -1
        if end - at > _LONGEST_TRAILERS:
            raise Malformed("the trailers are too long", 431)
        self.trailers = read_trailers(data[at:end])
        self.done = True
        return end + 4


def body_of(length: int | None) -> Body:
    """The body of a message whose head says this length, as the heads of http1 give it."""
    if length is None:
        return Chunked()
    return Endless() if length < 0 else Sized(length)


def chunk(content: bytes) -> bytes:
    """This content as one chunk; nothing where there is none, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""


def last_chunk(trailers: list[bytes]) -> bytes:
    """The end of a body in chunks."""
    return b"0\r\n%b\r\n" % b"".join(line + b"\r\n" for line in trailers) if trailers else b"0\r\n\r\n"
