"""Which files a version means: a commit, a folder or an archive."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.releases import archive, gitref
from readiness_deploy.releases.tree import Caps, Staging, Unfit, copy

_ENDINGS = re.compile(r"\.(tar\.gz|tgz|tar|zip)$")
_HEXADECIMAL = re.compile(r"[0-9a-f]{40,64}")
_LABEL = 100
_GIT = ".git"
_OFFERED = 5


class NoVersion(Unfit):
    """No version has the name, or two have it. The text says what was wanted, what there is, and what to write."""


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one version. `label` is what people call it; `commit` is set where it is one."""

    label: str
    path: Path
    commit: gitref.Commit | None = None
    is_archive: bool = False

    @property
    def words(self) -> str:
        """The source in words."""
        if self.commit:
            return f"commit {self.commit.id[:12]}"
        return f"the {'archive' if self.is_archive else 'folder'} {self.path}"


def find(source: Path, version: str) -> Source:
    """What `version` means: a ref of the repository that `source` is or lies in, or a folder or archive below it.

    Without a version: the commit that is checked out, where there is one, else the folder or archive `source` itself.
    What begins with `./`, `../` or `/` is a path and nothing else. Raises NoVersion, or Unfit with what was wanted.
    """
    if not _is_there(source):
        raise Unfit(f"wanted the versions in {source}, which does not exist: see `deploy.release.source`")
    if not version:
        commit = gitref.find(source, "HEAD") if source.is_dir() else None
        return Source(commit.id[:12], source, commit) if commit else _on_disk(source, source.resolve().name)
    path = _path(source, version)
    is_path = version.startswith(("./", "../", "/", "~"))
    commit = None if is_path or not source.is_dir() else gitref.find(source, version)
    is_there = _is_there(path)
    if commit and is_there:
        raise NoVersion(
            f"the version {version} is a ref of the repository and also a path: write ./{version} for the path"
        )
    if commit:
        label = commit.id[:12] if _HEXADECIMAL.fullmatch(version) else version
        return Source(label[:_LABEL], source, commit)
    if is_there:
        return _on_disk(path, path.resolve().name)
    raise NoVersion(_nothing_of_that_name(source, version))


def _path(source: Path, version: str) -> Path:
    try:
        return source / Path(version).expanduser()
    except RuntimeError:  # the home of nobody
        return source / version


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as fault:
        if fault.errno == errno.ENAMETOOLONG:
            return False
        raise Unfit(f"wanted the versions in {path}, which cannot be looked at: {fault.strerror or fault}") from None


def _nothing_of_that_name(source: Path, version: str) -> str:
    """What was wanted, and the names that come nearest; where none does, those that there are."""
    refs, files = gitref.names(source), _names_on_disk(source)
    shown = version if len(version) <= _LABEL else f"{version[:_LABEL]}…"
    kinds = "a git ref, a folder or an archive" if gitref.top_of(source) else "a folder or an archive"
    close = difflib.get_close_matches(version, {*refs, *files}, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else _what_there_is(refs or files)
    return f"wanted {kinds} in {source}, found none called {shown}; {hint}"


def _what_there_is(names: Sequence[str]) -> str:
    if not names:
        return "no version is there yet"
    more = f" and {len(names) - _OFFERED:,} more" if len(names) > _OFFERED else ""
    return f"what there is: {', '.join(names[:_OFFERED])}{more}"


def _names_on_disk(source: Path) -> tuple[str, ...]:
    try:
        entries = [e for e in source.iterdir() if not e.name.startswith(".")]
        return tuple(sorted(e.name for e in entries if e.is_dir() or _ENDINGS.search(e.name)))
    except OSError:
        return ()


def _on_disk(path: Path, name: str) -> Source:
    if path.is_dir():
        return Source(name[:_LABEL], path)
    if path.is_file() and archive.is_archive(path):
        return Source(_ENDINGS.sub("", name)[:_LABEL], path, is_archive=True)
    raise Unfit(f"wanted a folder, a tar archive (plain or .gz) or a zip archive, found something else: {path}")


def stage(source: Source, folder: Path, state: Path, caps: Caps, note: Callable[..., None]) -> None:
    """Bring the files of a version into `folder`, which does not exist yet. Raises Unfit.

    Of a folder, `.git` and the state of the keeper are no part; everything else is.
    """
    staging = Staging(folder, source.words, caps)
    if source.commit:
        gitref.export(source.path, source.commit, staging)
        if gitref.find(source.path, "HEAD") == source.commit and gitref.is_changed(source.path, folder):
            note("uncommitted", text=f"changes in {source.path} that no commit has are no part of the release")
    elif source.is_archive:
        archive.unpack(source.path, staging, caps)
    else:
        own = state.resolve()
        copy(source.path, staging, lambda path: path.name == _GIT or path.resolve() == own)
    staging.finish()
