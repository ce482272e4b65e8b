"""The seal of a release: the file that says that it is whole, and what it was when it was made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from readiness_deploy.record import Release
from readiness_deploy.releases.tree import Entry, digest

SEAL = "release.json"
CONTENTS = "contents.jsonl"
TREE = "tree"
LARGEST = 16 << 10


class Broken(Exception):
    """A release that is not what was sealed. The text says how, and what to do."""


def put(folder: Path, release: Release, entries: Iterable[Entry]) -> Release:
    """Seal the release in `folder`: from here on it is whole. What is returned has its seal among the details.

    Raises ValueError for settings that make it too large for the record beside the route, and OSError.
    """
    listed = tuple(entries)
    sealed = replace(release, details={**release.details, "seal": _seal(release, listed)})
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"
    if len(text) > LARGEST:
        raise ValueError(f"the release and its settings take {len(text):,} bytes, more than {LARGEST:,}")
    _write(folder / CONTENTS, b"".join(msgspec.json.encode(entry) + b"\n" for entry in listed))
    # A seal that outlives a power cut, when what it vouches for does not, would be a lie.
    os.sync()
    _write(folder / SEAL, text)
    return sealed


def is_sealed(folder: Path) -> bool:
    return (folder / SEAL).is_file()


def read(folder: Path) -> Release:
    """What the seal says, without looking at the files. Raises Broken."""
    try:
        return msgspec.json.decode((folder / SEAL).read_bytes(), type=Release)
    except FileNotFoundError:
        raise Broken(f"there is no release {folder.name} in {folder.parent}: deploy that version again") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Broken(f"the seal {folder / SEAL} cannot be read: {fault}{_AGAIN}") from None


def check(folder: Path) -> Release:
    """What the seal says, after all that it vouches for was looked at. Raises Broken.

    Files that appeared since, such as compiled Python, are no harm; a file that is gone or different is.
    """
    release = read(folder)
    try:
        lines = (folder / CONTENTS).read_bytes().splitlines()
        listed = tuple(msgspec.json.decode(line, type=Entry) for line in lines)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Broken(f"the list of files of {folder.name} cannot be read: {fault}{_AGAIN}") from None
    if release.id != folder.name or release.details.get("seal") != _seal(release, listed):
        raise Broken(f"the seal of {folder.name} is not the one it was made with{_AGAIN}")
    for entry in listed:
        if change := _changed(folder / TREE, entry):
            raise Broken(f"{entry.path} of {folder.name} {change} since it was sealed{_AGAIN}")
    return release


_AGAIN = ": take the folder away and deploy that version again"


def _changed(tree: Path, entry: Entry) -> str:
    path = tree / entry.path
    try:
        if entry.kind == "link":
            return "" if os.readlink(path) == entry.text else "was changed"  # noqa: PTH115 (the target as it is written)
        if entry.kind == "folder":
            return "" if path.is_dir() else "is gone"
        if path.is_symlink():
            return "was replaced by a link"
        if bool(path.stat().st_mode & 0o100) != (entry.kind == "program"):
            return "has other rights"
        with path.open("rb") as file:
            return "" if hashlib.file_digest(file, "sha256").hexdigest() == entry.text else "was changed"
    except OSError as fault:
        return f"cannot be read ({fault.strerror or fault}); it was there"


def _seal(release: Release, listed: Iterable[Entry]) -> str:
    said = {k: v for k, v in release.details.items() if k != "seal"}
    whole = [release.id, release.version, list(release.migrations), release.data_unsafe, said, digest(listed)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
