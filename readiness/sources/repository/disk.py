"""Opens files of a repository that somebody else wrote: never a pipe or a device, never outside the root, never too
much.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from readiness.facts.repository import File
from readiness.sources.manifests.reading import MIB

FILE_BYTES = 5 * MIB
_SNIFFED = 8_192


class UnreadableFileError(OSError):
    """A file that is not to be read; the message says why."""


class LinkedFolderError(UnreadableFileError):
    """A link to a folder of the same repository, whose files are listed where they lie."""


@dataclass(frozen=True, slots=True)
class Odd:
    """Something with a name that is no file to read. `harmless` says that nothing is hidden by leaving it out."""

    path: str
    reason: str
    harmless: bool
    advice: str = ""


def examine(root: Path, name: bytes) -> File | Odd:
    """The file of that name below `root`, a resolved path, or why there is none. Opens regular files only.

    A link is followed where it leads to a regular file inside the root. Files larger than 5 MiB are text that nobody
    looks at, unless they are binary: a byte zero in the first 8 KiB.
    """
    path = name.decode("utf-8", "backslashreplace")
    full = os.path.join(os.fsencode(root), name)  # noqa: PTH118 (names are bytes)
    try:
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            status = _follow(root, full)
        if stat.S_ISDIR(status.st_mode):
            return Odd(path, "is a folder, and a repository of its own", harmless=True)
        if not stat.S_ISREG(status.st_mode):
            return Odd(path, f"is {_named(status.st_mode)}; it is not opened", harmless=False)
        if not os.access(full, os.R_OK):
            return Odd(
                path, "may not be read by this user", harmless=False, advice="give the user of this program read access"
            )
        if status.st_size > FILE_BYTES:
            return _large(full, path, status.st_size)
    except LinkedFolderError as link:
        return Odd(path, str(link), harmless=True)
    except FileNotFoundError:
        return Odd(path, "is deleted in the working tree", harmless=True)
    except OSError as error:
        return Odd(path, _cause(error), harmless=False)
    return File(path, status.st_size, partial(read, root, full), bool(status.st_mode & 0o111))


def read(root: Path, full: bytes) -> bytes:
    """The bytes of a regular file inside `root`; raises UnreadableFileError in words that say why not."""
    real = os.path.realpath(full)
    shown = os.fsdecode(full)
    if not _inside(root, real):
        raise UnreadableFileError(f"{shown} leads out of {root}; it is not read")
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableFileError(f"{shown} cannot be opened any more: {_cause(error)}") from error
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise UnreadableFileError(f"{shown} is {_named(mode)}; it is not read")
        data = file.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise UnreadableFileError(f"{shown} has grown beyond {FILE_BYTES // MIB} MiB since it was listed")
    return data


def _follow(root: Path, full: bytes) -> os.stat_result:
    """The status of what a link leads to; raises UnreadableFileError for one that leads nowhere or out of the root."""
    target = os.fsdecode(os.readlink(full))  # noqa: PTH115 (names are bytes)
    real = os.path.realpath(full)
    if not _inside(root, real):
        raise UnreadableFileError(f"is a link to {target}, out of the folder that is examined; it is not followed")
    try:
        status = os.lstat(real)
    except OSError as error:
        raise UnreadableFileError(f"is a link to {target}, which leads nowhere") from error
    if stat.S_ISDIR(status.st_mode):
        raise LinkedFolderError(f"is a link to the folder {target}, whose files are listed where they lie")
    return status


def _large(full: bytes, path: str, size: int) -> File | Odd:
    with os.fdopen(os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        binary = b"\0" in file.read(_SNIFFED)
    if binary:
        return Odd(path, f"is binary and larger than {FILE_BYTES // MIB} MiB", harmless=True)
    advice = "exclude it in the settings of the repository source, if it is data"
    return Odd(path, f"has {size:,} bytes; at most {FILE_BYTES // MIB} MiB are read", harmless=False, advice=advice)


def _inside(root: Path, real: bytes) -> bool:
    top = os.fsencode(root).rstrip(b"/")
    return real.startswith(top + b"/")


def _cause(error: OSError) -> str:
    return error.strerror or str(error)


def _named(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for fits, name in kinds if fits(mode)), "no regular file")
