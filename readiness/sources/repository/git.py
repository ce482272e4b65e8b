"""Asks git about a repository without letting that repository run anything.

Its configuration may name programs (hooks, a file system monitor, filters, a pager, a signature checker) and remotes.
None of the commands used here starts a hook or a filter; whatever else could start a program or reach a network is
switched off, and the user's and the system's configuration are not read, so that the answer is the same everywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Timer

from readiness.facts.repository import Commit

SECONDS = 30.0
OUTPUT_BYTES = 64 << 20
_QUIET = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "credential.helper=",
    "diff.external=",
    "log.showSignature=false",
    "log.mailmap=false",
    "gpg.program=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
_LINK, _SUBMODULE = "120000", "160000"


class GitError(Exception):
    """Git is there and would not answer; the message is its own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the index, relative to the folder that was asked about."""

    name: bytes
    submodule: bool = False


def is_below_git(root: Path) -> bool:
    """Whether `root` or a folder above it has a `.git`."""
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def program() -> str | None:
    """The path of git, or None where it is not installed."""
    return shutil.which("git")


def tracked(root: Path) -> tuple[Entry, ...]:
    """What git tracks below `root`, in the order of names, each once."""
    entries: dict[bytes, Entry] = {}
    for record in ask(root, "ls-files", "-z", "--stage").split(b"\0"):
        head, tab, name = record.partition(b"\t")
        if tab:
            entries.setdefault(name, Entry(name, head.startswith(_SUBMODULE.encode())))
    return tuple(entries.values())


def untracked(root: Path) -> tuple[str, ...]:
    """Files below `root` that git neither tracks nor ignores."""
    names = ask(root, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
    return tuple(name.decode("utf-8", "backslashreplace") for name in names if name)


def shallow(root: Path) -> bool:
    return ask(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def history(root: Path, most: int) -> tuple[tuple[Commit, ...], bool]:
    """The newest `most` commits that touch `root`, newest first, and whether there are older ones."""
    if not _has_commits(root):
        return (), False
    shape = "--format=%x00%H%x00%cI%x00%aN%x00%aE%x00%s%x00"
    said = ask(
        root, "log", "-z", f"--max-count={most + 1}", "--name-only", "--relative", "--no-renames", "--no-ext-diff",
        "--no-textconv", "--no-show-signature", "--ignore-submodules=all", shape, "--", ".",
    )  # fmt: skip
    commits = tuple(_commits(said))
    return commits[:most], len(commits) > most


def _has_commits(root: Path) -> bool:
    try:
        ask(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except GitError:
        return False
    return True


def _commits(said: bytes) -> Iterator[Commit]:
    """A record begins with an empty field, which no path is: hash, time, name, address, subject, empty, paths."""
    fields = said.decode("utf-8", "backslashreplace").split("\0")
    starts = [n for n in range(len(fields) - 5) if not fields[n] and _is_id(fields[n + 1]) and _is_time(fields[n + 2])]
    for start, end in zip(starts, [*starts[1:], len(fields)], strict=False):
        commit, when, name, address, subject = fields[start + 1 : start + 6]
        paths = tuple(p.removeprefix("\n") for p in fields[start + 6 : end])
        yield Commit(commit, datetime.fromisoformat(when), f"{name} <{address}>", subject, tuple(p for p in paths if p))


def _is_id(text: str) -> bool:
    return len(text) in {40, 64} and set(text) <= set("0123456789abcdef")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def invocation(root: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command that asks git about `root`, and all of its environment. Raises GitError where there is no git."""
    settings = [part for setting in (*_QUIET, f"safe.directory={_top(root)}") for part in ("-c", setting)]
    git = program()
    if git is None:
        raise GitError("git is not installed")
    return [git, "--no-pager", "--no-replace-objects", "--literal-pathspecs", *settings, *arguments], _environment()


def ask(root: Path, *arguments: str) -> bytes:
    """What git says, at most 64 MiB within 30 s. Raises GitError where it will not answer."""
    command, environment = invocation(root, *arguments)
    with TemporaryFile() as words:
        try:
            running = subprocess.Popen(
                command, cwd=root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words
            )
        except OSError as error:
            raise GitError(f"git does not start: {error.strerror or error}") from error
        said, late = _listen(running)
        if late or len(said) > OUTPUT_BYTES:
            told = f"took longer than {SECONDS:g} s" if late else f"said more than {OUTPUT_BYTES >> 20} MiB"
            raise GitError(f"git {arguments[0]} {told} and was stopped")
        if running.returncode != 0:
            words.seek(0)
            told = words.read(2_000).decode("utf-8", "replace").strip() or f"exit code {running.returncode}"
            raise GitError(f"git {arguments[0]}: {told}")
    return said


def _listen(running: subprocess.Popen[bytes]) -> tuple[bytes, bool]:
    """What a process says, up to one byte more than is taken, and whether it was stopped because of the time."""
    late = Event()

    def stop() -> None:
        late.set()
        running.kill()

    clock = Timer(SECONDS, stop)
    clock.start()
    try:
        with running:
            assert running.stdout is not None  # noqa: S101 (for the type checker: it is a pipe)
            said = running.stdout.read(OUTPUT_BYTES + 1)
            if len(said) > OUTPUT_BYTES:
                running.kill()
    finally:
        clock.cancel()
    return said, late.is_set()


def _top(root: Path) -> str:
    """The folder of the repository that `root` lies in: git wants its name before it reads what another user owns."""
    return str(next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), root))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "LC_ALL": "C",
        "TZ": "UTC",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ASKPASS": "false",
    }
