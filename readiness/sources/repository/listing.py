"""Which files belong to a repository: those that git tracks, or without git those that lie there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from readiness.facts.repository import FileKind
from readiness.model import Gap, Input, Reading, Span
from readiness.sources.repository import git
from readiness.sources.repository.structured import SOURCE
from readiness.sources.repository.walk import Walk

_SHOWN = 5


@dataclass(slots=True)
class Listing:
    """The names of all files, relative to the root, and what there is to say of the list itself."""

    names: tuple[bytes, ...] = ()
    tracked: bool = False
    inputs: list[Input] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def list_files(root: Path, most: int) -> Listing:
    """The files of `root`, at most `most`; raises nothing."""
    if not git.is_below_git(root):
        return _walk(root, most, "no git repository: the files that lie there are examined")
    if git.program() is None:
        return _walk(root, most, "git is not installed: the files that lie there are examined, without their history")
    try:
        listing = _tracked(root, most)
    except git.GitError as error:
        listing = _walk(root, most, "git could not list its files: those that lie there are examined")
        listing.gaps.append(history_gap(str(error)))
        return listing
    if not listing.names and not listing.inputs:
        return _walk(root, most, "git tracks nothing here: the files that lie there are examined")
    return listing


def history_gap(cause: str) -> Gap:
    """What is missing where git does not answer."""
    kinds = frozenset({FileKind.HISTORY.value})
    return Gap(SOURCE, cause, kinds=kinds, advice="run the git command by hand in that folder to see what is wrong")


def _tracked(root: Path, most: int) -> Listing:
    entries = git.tracked(root)
    listing = Listing(tuple(e.name for e in entries if not e.submodule)[:most], tracked=True)
    for entry in entries:
        if entry.submodule:
            _nested(listing, entry.name.decode("utf-8", "backslashreplace"), "a submodule")
    if len(entries) > most:
        listing.gaps.append(_too_many(most))
    try:
        _tell_untracked(listing, git.untracked(root))
    except git.GitError as error:
        listing.notes.append(f"files that git does not track could not be counted: {error}")
    return listing


def _tell_untracked(listing: Listing, names: tuple[str, ...]) -> None:
    for name in names:
        if name.endswith("/"):
            _nested(listing, name.rstrip("/"), "a repository of its own")
    files = [name for name in names if not name.endswith("/")]
    if files:
        listing.notes.append(f"{_counted(files, 'file')} that git does not track: not examined ({_some(files)})")


def _walk(root: Path, most: int, why: str) -> Listing:
    walk = Walk(root, most).run()
    listing = Listing(tuple(walk.names), notes=[why])
    for name in walk.nested:
        _nested(listing, name, "a repository of its own")
    for name, reason in walk.unlisted:
        listing.inputs.append(Input(name, Reading.NOT_EXAMINED, reason))
        listing.gaps.append(Gap(SOURCE, f"cannot be listed: {reason}", Span(name, 1)))
    if walk.cut:
        listing.gaps.append(_too_many(most))
    return listing


def _nested(listing: Listing, name: str, what: str) -> None:
    listing.inputs.append(Input(name, Reading.IGNORED, f"is {what}: check it on its own"))
    listing.notes.append(f"{name} is {what}: what it holds is not examined")


def _too_many(most: int) -> Gap:
    advice = "give a smaller folder as the root of the repository source"
    return Gap(SOURCE, f"more than {most:,} files: the rest is not examined", advice=advice)


def _counted(items: list[str], noun: str) -> str:
    return f"{len(items):,} {noun}" + ("" if len(items) == 1 else "s")


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN:,} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
