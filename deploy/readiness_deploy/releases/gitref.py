"""A commit as the files of a version, read object by object: no filter, hook or setting of the repository runs."""

from __future__ import annotations

import filecmp
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import IO

from readiness.sources.repository import git
from readiness_deploy.releases.tree import CHUNK, Staging, Unfit

SECONDS = 600.0
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024
_NAMES = 1000
_INSTEAD = "; give the version as a folder or an archive instead"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, and the part of its files that the source is: `below` is its path in the repository."""

    id: str
    time: str
    below: str


def top_of(folder: Path) -> Path | None:
    """The repository that a folder lies in."""
    real = folder.resolve()
    return next((f for f in (real, *real.parents) if (f / ".git").exists()), None)


def find(folder: Path, ref: str) -> Commit | None:
    """The commit that a ref means in the repository of `folder`; None where it means none. Raises Unfit without git."""
    top = top_of(folder)
    if top is None or ref.startswith("-") or "\0" in ref:
        return None
    try:
        said = git.ask(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode("ascii", "replace").strip()
        time = git.ask(top, "log", "-1", "--format=%cI", said).decode("ascii", "replace").strip()
    except git.GitError as fault:
        if git.program() is None:
            raise Unfit(f"{folder} is a git repository, and {fault}") from None
        return None
    below = folder.resolve().relative_to(top).as_posix()
    return Commit(said, time, "" if below == "." else below)


def names(folder: Path) -> tuple[str, ...]:
    """What the tags and branches of the repository of `folder` are called, the newest first; none outside of one."""
    top = top_of(folder)
    if top is None:
        return ()
    shape = ("--sort=-creatordate", f"--count={_NAMES}", "--format=%(refname:short)")
    try:
        said = git.ask(top, "for-each-ref", *shape, "refs/tags", "refs/heads")
    except git.GitError:
        return ()
    return tuple(said.decode("utf-8", "backslashreplace").splitlines())


def is_changed(folder: Path, exported: Path) -> bool:
    """Whether a working tree has something else than what was exported of its commit, ignored files aside.

    Git's own answer could run a filter that the repository names, so the bytes are compared here.
    """
    for inside, _, files in os.walk(exported):
        for name in files:
            theirs = Path(inside, name)
            ours = folder / theirs.relative_to(exported)
            if ours.is_symlink() != theirs.is_symlink() or not ours.is_file():
                return True
            if not theirs.is_symlink() and not _same(ours, theirs):
                return True
    try:
        return bool(git.untracked(folder.resolve()))
    except git.GitError:
        return False


def _same(ours: Path, theirs: Path) -> bool:
    try:
        return filecmp.cmp(ours, theirs, shallow=False)
    except OSError:
        return False


def export(folder: Path, commit: Commit, staging: Staging) -> None:
    """Bring the files of a commit into `staging`. Raises Unfit."""
    top = top_of(folder)
    assert top is not None, "a commit was found in it"  # noqa: S101
    tree = f"{commit.id}:{commit.below}" if commit.below else f"{commit.id}^{{tree}}"
    try:
        listed = git.ask(top, "ls-tree", "-r", "-z", "--full-tree", tree)
    except git.GitError:
        raise Unfit(f"commit {commit.id[:12]} has no folder {commit.below}{_INSTEAD}") from None
    try:
        with _objects(top) as objects:
            for record in filter(None, listed.split(b"\0")):
                _bring(record, commit, objects, staging)
    except git.GitError as fault:
        raise Unfit(f"commit {commit.id[:12]} cannot be read: {fault}{_INSTEAD}") from None


def _bring(record: bytes, commit: Commit, objects: _Objects, staging: Staging) -> None:
    head, _, raw = record.partition(b"\t")
    mode, kind, object_id = head.decode("ascii").split()
    name = raw.decode("utf-8", "surrogateescape")
    if kind != "blob":
        raise Unfit(f"commit {commit.id[:12]} has the submodule {name}, whose files are not in it{_INSTEAD}")
    size = objects.ask(object_id)
    if mode == "120000":
        staging.link(name, b"".join(objects.content(size)).decode("utf-8", "surrogateescape"))
        return
    content: Iterator[bytes] = objects.content(size)
    if size < _POINTER_BYTES:
        whole = b"".join(content)
        if whole.startswith(_POINTER):
            raise Unfit(f"commit {commit.id[:12]} has a pointer of Git LFS where {name} belongs{_INSTEAD}")
        content = iter([whole])
    staging.file(name, content, program=mode == "100755")


class _Objects:
    """A conversation with `git cat-file --batch`: one object is asked for, and read to its end, at a time."""

    def __init__(self, asking: IO[bytes], answers: IO[bytes]) -> None:
        self._asking, self._answers = asking, answers

    def ask(self, object_id: str) -> int:
        """The size of an object whose content comes next."""
        try:
            self._asking.write(object_id.encode() + b"\n")
            self._asking.flush()
        except BrokenPipeError:
            raise git.GitError("git cat-file ended early") from None
        answer = self._answers.readline().split()
        if len(answer) != 3:
            raise git.GitError(f"object {object_id} is not in the repository")
        return int(answer[2])

    def content(self, size: int) -> Iterator[bytes]:
        while size:
            chunk = self._answers.read(min(size, CHUNK))
            if not chunk:
                raise git.GitError("git cat-file ended early")
            size -= len(chunk)
            yield chunk
        self._answers.read(1)


@contextmanager
def _objects(top: Path) -> Iterator[_Objects]:
    command, environment = git.invocation(top, "cat-file", "--batch")
    late = Event()
    with subprocess.Popen(
        command, cwd=top, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdin and running.stdout, "both are pipes"  # noqa: S101, PT018

        def stop() -> None:
            late.set()
            running.kill()

        clock = Timer(SECONDS, stop)
        clock.start()
        try:
            yield _Objects(running.stdin, running.stdout)
        except git.GitError:
            if late.is_set():
                raise git.GitError(f"git took longer than {SECONDS:g} s") from None
            raise
        finally:
            clock.cancel()
            running.kill()
