"""Unpacks the archive of a chart: regular files only, under the name they have below its one top folder."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from readiness.model import Span
from readiness.sources.helm.chart import ChartError

_MOST = 128 << 20  # of an unpacked archive, headers and padding included
_CHUNK = 1 << 16


def unpack(data: bytes, folder: Path, shown: str, take: Callable[[int, str], None]) -> None:
    """Unpack into `folder`, which must not exist yet. `take(bytes, path)` raises where a bound is exceeded.

    Raises ChartError for links, devices, names that lead out, and for what is no gzipped tar archive.
    """
    folder.mkdir(mode=0o700)
    try:
        with tarfile.open(fileobj=_Inflated(data), mode="r|") as archive:
            for member in archive:
                name = _name(member, shown)
                take(member.size if member.isreg() else 0, f"{shown}/{name}")
                if member.isdir() or name is None:
                    continue
                target = folder / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = archive.extractfile(member)
                target.write_bytes(content.read(member.size) if content else b"")
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as fault:
        raise ChartError(f"the archive cannot be unpacked: {fault}", Span(shown, 1)) from None


def _name(member: tarfile.TarInfo, shown: str) -> PurePosixPath | None:
    """The name of a member below the top folder; None for that folder itself."""
    path = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()):
        raise ChartError(f"the archive holds a link or a device: {member.name[:100]!r}", Span(shown, 1))
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise ChartError(f"the archive holds a name that leads out of it: {member.name[:100]!r}", Span(shown, 1))
    if member.isreg() and len(path.parts) < 2:
        raise ChartError(
            f"the archive holds a file outside of the chart's folder: {member.name[:100]!r}", Span(shown, 1)
        )
    return PurePosixPath(*path.parts[1:]) if len(path.parts) > 1 else None


class _Inflated(io.RawIOBase):
    """The unpacked bytes of gzipped ones; ends with an error instead of growing beyond `_MOST`."""

    def __init__(self, data: bytes) -> None:
        self._source, self._inflate, self._total = memoryview(data), zlib.decompressobj(wbits=31), 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = size if size >= 0 else _MOST
        pieces, have = [], 0
        while have < wanted and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._next()
            if not packed:
                raise EOFError("it ends too early")
            piece = self._inflate.decompress(packed, min(_CHUNK, wanted - have))
            pieces.append(piece)
            have += len(piece)
            self._total += len(piece)
            if self._total > _MOST:
                raise ValueError(f"it unpacks to more than {_MOST >> 20} MiB")
        return b"".join(pieces)

    def _next(self) -> bytes:
        piece, self._source = bytes(self._source[:_CHUNK]), self._source[_CHUNK:]
        return piece
