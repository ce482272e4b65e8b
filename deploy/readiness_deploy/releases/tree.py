"""The files of a release: what they may be, how they come together, what they amount to, and how they are taken away.

Whatever a version is made from, its files come in by the same door, which lets in regular files, folders and links that
stay inside. Everything else is refused, never left out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

CHUNK = 1 << 16


class Unfit(Exception):
    """Files that cannot be a release. The text says which one, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What a version may use: files and folders, bytes of all files together."""

    entries: int = 200_000
    total: int = 4 << 30


DEFAULT_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree. `text` is the SHA-256 of a file, the target of a link, and empty for an empty folder."""

    path: str
    kind: Literal["file", "program", "link", "folder"]
    text: str


class Staging:
    """An empty folder that is being filled. `what` is the source in words, for messages."""

    def __init__(self, folder: Path, what: str, caps: Caps = DEFAULT_CAPS) -> None:
        self._root, self._what, self._caps = folder, what, caps
        self._left = caps.total
        self._seen: dict[str, str] = {"": "folder"}
        folder.mkdir(mode=0o700)

    def file(self, name: str, chunks: Iterable[bytes], *, program: bool = False) -> None:
        """A regular file with this content. Raises Unfit."""
        path = self._new(name, "file")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o755 if program else 0o644), "wb") as out:
            for chunk in chunks:
                self._left -= len(chunk)
                if self._left < 0:
                    raise self._unfit(f"has more than {self._caps.total:,} bytes of files")
                out.write(chunk)
        path.chmod(0o755 if program else 0o644)  # whatever the umask is

    def link(self, name: str, target: str) -> None:
        """A symbolic link. Where it leads is looked at when all is there. Raises Unfit."""
        path = self._new(name, "link")
        if not target or target.startswith("/") or "\0" in target:
            raise self._unfit(f"has the link {name} to {target!r}, out of the release", _LINKS)
        path.symlink_to(target)

    def folder(self, name: str) -> None:
        """A folder. Named twice, it is one. Raises Unfit."""
        name = name.rstrip("/")
        if self._seen.get(name) != "folder":
            self._new(name, "folder")

    def twin(self, name: str, of: str) -> None:
        """Another name for a file that came before. Raises Unfit."""
        if self._seen.get(of) != "file":
            raise self._unfit(f"has the hard link {name} to {of}, which is no file before it")
        program = bool((self._root / of).stat().st_mode & 0o100)
        with (self._root / of).open("rb") as original:
            self.file(name, pieces(original), program=program)

    def finish(self) -> None:
        """Look at what came together: at least one file, and no link that leads out. Raises Unfit."""
        if "file" not in self._seen.values():
            raise self._unfit("holds no file")
        top = os.path.realpath(self._root)
        for name in (n for n, kind in self._seen.items() if kind == "link"):
            if not os.path.realpath(self._root / name).startswith(top + "/"):
                target = (self._root / name).readlink()
                raise self._unfit(f"has the link {name} to {target}, out of the release", _LINKS)

    def _new(self, name: str, kind: str) -> Path:
        parts = name.split("/")
        if not name or "\0" in name or not {"", ".", ".."}.isdisjoint(parts):
            raise self._unfit(f"has an entry with the name {name!r}, which is no path inside a folder")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise self._unfit(f"has an entry whose name is no UTF-8: {name!a}") from None
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if self._seen.get(above) is None:
                self._register(above, "folder")
            elif self._seen[above] != "folder":
                raise self._unfit(f"has {name} below {above}, which is a {self._seen[above]}")
        return self._register(name, kind)

    def _register(self, name: str, kind: str) -> Path:
        if name in self._seen:
            raise self._unfit(f"has {name} twice")
        if len(self._seen) > self._caps.entries:
            raise self._unfit(f"has more than {self._caps.entries:,} entries")
        path = self._root / name
        if kind == "folder":
            path.mkdir(mode=0o755)
        self._seen[name] = kind
        return path

    def _unfit(self, said: str, advice: str = "") -> Unfit:
        return Unfit(f"{self._what} {said}{advice}")


_LINKS = ": a release is complete in itself; take the link away, or let `prepare` make what it leads to"


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """What a stream holds, in pieces of bounded size."""
    while chunk := stream.read(CHUNK):
        yield chunk


def copy(source: Path, staging: Staging, skipped: Callable[[Path], bool], below: str = "") -> None:
    """Copy what lies in a folder, without following links. Raises Unfit for what is no file or cannot be read."""
    try:
        entries = sorted(os.scandir(source / below), key=lambda entry: entry.name)
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if skipped(Path(entry.path)):
                continue
            if entry.is_symlink():
                staging.link(name, os.readlink(entry.path))  # noqa: PTH115 (the target as it is written)
            elif entry.is_dir(follow_symlinks=False):
                staging.folder(name)
                copy(source, staging, skipped, name)
            else:
                _copy_file(Path(entry.path), name, staging)
    except OSError as fault:
        raise Unfit(f"{fault.filename or source} cannot be read: {fault.strerror or fault}") from None


def _copy_file(path: Path, name: str, staging: Staging) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise Unfit(f"{path} is no regular file, folder or link: a release cannot hold it; take it away")
        staging.file(name, pieces(file), program=bool(mode & 0o111))


def listing(root: Path) -> tuple[Entry, ...]:
    """Everything below `root` in the order of paths; folders only where they are empty. Raises Unfit, OSError."""
    return tuple(sorted(_listed(root, ""), key=lambda entry: entry.path))


def _listed(root: Path, below: str) -> Iterator[Entry]:
    for entry in os.scandir(root / below):
        name = f"{below}/{entry.name}" if below else entry.name
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            yield Entry(name, "link", os.readlink(entry.path))  # noqa: PTH115 (the target as it is written)
        elif stat.S_ISDIR(status.st_mode):
            inside = list(_listed(root, name))
            yield from inside or [Entry(name, "folder", "")]
        elif stat.S_ISREG(status.st_mode):
            yield Entry(name, "program" if status.st_mode & 0o100 else "file", _sha256(Path(entry.path)))
        else:
            raise Unfit(f"{entry.path} is no regular file, folder or link: a release cannot hold it")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over the entries, in hexadecimal. Times, owners and all of the mode but its x take no part."""
    whole = hashlib.sha256()
    for entry in entries:
        for part in (entry.path, entry.kind, entry.text):
            data = part.encode("utf-8", "surrogateescape")
            whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def make_read_only(root: Path) -> None:
    """Take away every right to write, so that a service that writes into its release is found out on the first day."""
    for folder, _, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)
        Path(folder).chmod(0o555)


def remove(root: Path) -> None:
    """Take a tree away, read-only parts too. Links are taken away, never followed. Nothing there is well."""
    if root.is_symlink() or not root.is_dir():
        root.unlink(missing_ok=True)
        return
    for folder, folders, _ in os.walk(root):
        Path(folder).chmod(0o700)
        # What may not be entered is opened before it is walked into.
        for name in folders:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(root)
