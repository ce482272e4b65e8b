"""Which files a version means: a commit, a folder or an archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.releases import archive, gitref
from readiness_deploy.releases.tree import Caps, Staging, Unfit, copy

_ENDINGS = re.compile(r"\.(tar\.gz|tgz|tar|zip)$")
_HEXADECIMAL = re.compile(r"[0-9a-f]{40,64}")
_LABEL = 100
_GIT = ".git"


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
    What begins with `./`, `../` or `/` is a path and nothing else. Raises Unfit, with what was wanted.
    """
    if not source.exists():
        raise Unfit(f"wanted the versions in {source}, which does not exist: see `deploy.release.source`")
    if not version:
        commit = gitref.find(source, "HEAD") if source.is_dir() else None
        return Source(commit.id[:12], source, commit) if commit else _on_disk(source, source.resolve().name)
    path = source / Path(version).expanduser()
    is_path = version.startswith(("./", "../", "/", "~"))
    commit = None if is_path or not source.is_dir() else gitref.find(source, version)
    if commit and path.exists():
        raise Unfit(f"the version {version} is a ref of the repository and also a path: write ./{version} for the path")
    if commit:
        label = commit.id[:12] if _HEXADECIMAL.fullmatch(version) else version
        return Source(label[:_LABEL], source, commit)
    if path.exists():
        return _on_disk(path, path.resolve().name)
    where = f"no ref of the repository at {source}, and there is" if gitref.top_of(source) else "neither a git ref nor"
    raise Unfit(f"wanted the version {version}, found {where} no such folder or archive: {path}")


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
