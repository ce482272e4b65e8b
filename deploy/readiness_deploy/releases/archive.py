"""Archives of versions: tar, plain or compressed, and zip. What is in them may be hostile."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from readiness_deploy.releases.tree import Caps, Staging, Unfit, pieces

_LARGEST_READ = 1 << 20


def is_archive(path: Path) -> bool:
    """Whether the first bytes of a file are those of an archive that can be read here."""
    with path.open("rb") as file:
        head = file.read(512)
    return head[:4] == b"PK\x03\x04" or head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar"


def unpack(path: Path, staging: Staging, caps: Caps) -> None:
    """Bring what an archive holds into `staging`. Raises Unfit, whatever the archive is."""
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                _unzip(path, staging)
            else:
                _untar(path, staging, caps)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError) as fault:
        raise Unfit(f"the archive {path} cannot be read: {str(fault) or type(fault).__name__}") from None
    except (UnicodeDecodeError, ValueError, RuntimeError) as fault:
        raise Unfit(f"the archive {path} is broken: {fault}") from None
    except OSError as fault:
        raise Unfit(f"the archive {path} cannot be unpacked: {fault.strerror or fault}") from None


def _untar(path: Path, staging: Staging, caps: Caps) -> None:
    with _plain(path) as stream, _opened(stream, path, caps) as archive:
        for member in archive:
            name = member.name.removeprefix("./").rstrip("/")
            if member.isdir():
                if name not in {"", "."}:
                    staging.folder(name)
            elif member.issym():
                staging.link(name, member.linkname)
            elif member.islnk():
                staging.twin(name, member.linkname.removeprefix("./"))
            elif member.isreg() and (content := archive.extractfile(member)):
                staging.file(name, pieces(content), program=bool(member.mode & 0o111))
            else:
                raise Unfit(f"the archive {path} has {name}, which is no regular file, folder or link")


def _opened(stream: IO[bytes], path: Path, caps: Caps) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("IO[bytes]", _Measured(stream, path, caps)), mode="r:")


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast("IO[bytes]", unpacked)


class _Measured:
    """A stream that ends the reading of what unpacks to too much, and of headers that want all memory."""

    def __init__(self, stream: IO[bytes], path: Path, caps: Caps) -> None:
        self._stream, self._path = stream, path
        self._most = caps.total + caps.entries * 4096

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise Unfit(f"the archive {self._path} has a header of {size:,} bytes")
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > self._most + _LARGEST_READ:
            raise Unfit(f"the archive {self._path} unpacks to more than {self._most:,} bytes")


def _unzip(path: Path, staging: Staging) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            name = member.filename
            if member.flag_bits & 1:
                raise Unfit(f"the archive {path} is encrypted")
            if member.is_dir():
                staging.folder(name)
            elif stat.S_ISLNK(mode):
                if member.file_size > 4096:
                    raise Unfit(f"the archive {path} has the link {name} with a target of {member.file_size:,} bytes")
                staging.link(name, archive.read(member).decode())
            elif stat.S_IFMT(mode) in {0, stat.S_IFREG}:
                with archive.open(member) as content:
                    staging.file(name, pieces(content), program=bool(mode & 0o111))
            else:
                raise Unfit(f"the archive {path} has {name}, which is no regular file, folder or link")
