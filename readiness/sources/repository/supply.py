"""Brings the facts of a repository, and says of every file what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from readiness.facts.document import Document
from readiness.facts.ignorefiles import Pattern, decides, gitignore
from readiness.facts.repository import File, FileKind, Repository
from readiness.model import Gap, Input, Reading, Supply
from readiness.sources.repository import git
from readiness.sources.repository.disk import Odd, examine
from readiness.sources.repository.kinds import kind_of
from readiness.sources.repository.listing import Listing, history_gap, list_files
from readiness.sources.repository.structured import SOURCE, parse_each, unreadable

MOST_FILES = 100_000
MOST_COMMITS = 500
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_LFS_BYTES = range(100, 300)


_EXCLUDED = "excluded by the settings"


def read(root: Path, *, exclude: Sequence[str] = (), commits: int = MOST_COMMITS, most: int = MOST_FILES) -> Supply:
    """The repository at `root`, or the part of a larger one that lies below `root`.

    What git tracks is examined, as it lies in the working tree; without git, whatever lies there and no `.gitignore`
    names. `exclude` are patterns as in a `.gitignore`, for what is no part of the service. At most `most` files and
    the newest `commits` commits are read. Nothing that the repository configures is run, no link is followed out of
    `root`. A `root` that is no folder brings no facts, and a gap that says so.
    """
    provides = frozenset({Repository})
    if not root.is_dir():
        cause = f"{root} {'is no folder' if root.exists() else 'does not exist'}"
        gap = Gap(SOURCE, cause, advice="give the folder of the service as the root of the repository source")
        return Supply(SOURCE, provides, gaps=(gap,))
    top = root.resolve()
    listing = list_files(top, most)
    files = _examine(top, listing, gitignore("\n".join(exclude)))
    _leave_out_pointers(files, listing)
    parsed = _parse(files, listing)
    left_out = frozenset(i.name for i in listing.inputs if i.reason == _EXCLUDED)
    found = Repository(files, parsed, tracked=listing.tracked, excluded=left_out)
    repository = _with_history(top, found, listing, commits)
    inputs = tuple(sorted(listing.inputs, key=lambda one: one.name))
    return Supply(SOURCE, provides, {Repository: repository}, None, tuple(listing.gaps), inputs, tuple(listing.notes))


def _examine(top: Path, listing: Listing, excluded: tuple[Pattern, ...]) -> dict[str, File]:
    """The files by path. What is no file to read goes to the inputs, and to the gaps where it may hide something."""
    files = {}
    for name in listing.names:
        path = name.decode("utf-8", "backslashreplace")
        if excluded and _excluded(path, excluded):
            listing.inputs.append(Input(path, Reading.IGNORED, _EXCLUDED))
            continue
        found = examine(top, name)
        if isinstance(found, File):
            files[path] = found
        else:
            _put_aside(found, listing)
    return files


def _excluded(path: str, patterns: tuple[Pattern, ...]) -> bool:
    """Whether the path or a folder above it is excluded."""
    steps = path.split("/")
    heads = ("/".join(steps[:n]) for n in range(1, len(steps)))
    return any(decides(patterns, head, folder=True) for head in heads) or bool(decides(patterns, path, folder=False))


def _put_aside(odd: Odd, listing: Listing) -> None:
    reading = Reading.IGNORED if odd.harmless else Reading.NOT_EXAMINED
    listing.inputs.append(Input(odd.path, reading, odd.reason))
    if not odd.harmless:
        listing.gaps.append(unreadable(odd.path, odd.reason, odd.advice))


def _leave_out_pointers(files: dict[str, File], listing: Listing) -> None:
    """Files of Git LFS whose content was not fetched: what lies there is three lines about the file, not the file."""
    if not any(b"filter=lfs" in _begin(f) for f in files.values() if f.name == ".gitattributes"):
        return
    for file in [f for f in files.values() if f.size in _LFS_BYTES and _begin(f).startswith(_LFS_POINTER)]:
        del files[file.path]
        harmless = kind_of(file.path) is FileKind.OTHER
        advice = "run `git lfs pull`"
        _put_aside(Odd(file.path, "is kept by Git LFS and was not fetched", harmless, advice), listing)
        listing.notes.append(f"{file.path} is kept by Git LFS and was not fetched ({advice})")


def _begin(file: File) -> bytes:
    try:
        return file.load()
    except OSError:
        return b""  # whoever needs it will hear of it


def _parse(files: Mapping[str, File], listing: Listing) -> dict[str, tuple[Document, ...]]:
    """The documents by path; every file gets its line among the inputs."""
    parsed = {}
    counts: dict[str, tuple[int, str]] = {}
    for one in parse_each(files):
        if one.documents:
            parsed[one.file.path] = one.documents
        listing.gaps.extend(one.gaps)
        listing.notes.extend(str(remark) for remark in one.remarks)
        counts[one.file.path] = (len(one.documents), "; ".join(gap.cause for gap in one.gaps))
    listing.inputs.extend(_inputs(files, counts))
    return parsed


def _inputs(files: Iterable[str], counts: Mapping[str, tuple[int, str]]) -> Iterable[Input]:
    for path in files:
        documents, fault = counts.get(path, (0, ""))
        yield Input(path, Reading.NOT_EXAMINED if fault else Reading.CHECKED, fault, documents)


def _with_history(top: Path, repository: Repository, listing: Listing, most: int) -> Repository:
    if not repository.tracked:
        return repository
    try:
        commits, older = git.history(top, most)
        cut = older or git.shallow(top)
    except git.GitError as error:
        listing.gaps.append(history_gap(str(error)))
        return repository
    return replace(repository, history=commits, shallow=cut)
