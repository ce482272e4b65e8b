"""Lists the files of a folder that git does not know, without those that a `.gitignore` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readiness.facts.ignorefiles import Pattern, decides, gitignore
from readiness.sources.repository.disk import UnreadableFileError, read

_NEVER = frozenset({b".git", b".hg", b".svn"})


@dataclass(slots=True)
class Walk:
    """The names found so far below `root`, and the folders that could not be listed, with the reason."""

    root: Path
    most: int
    names: list[bytes] = field(default_factory=list)
    unlisted: list[tuple[str, str]] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    cut: bool = False

    def run(self) -> Walk:
        """Walks once, folder by folder in the order of names; links to folders are not entered."""
        waiting: list[tuple[bytes, tuple[tuple[str, tuple[Pattern, ...]], ...]]] = [(b"", ())]
        while waiting and not self.cut:
            folder, above = waiting.pop()
            rules = (*above, *self._rules(folder))
            inner = []
            for entry in self._entries(folder):
                name = os.path.join(folder, entry.name)  # noqa: PTH118 (names are bytes)
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name in _NEVER or ignored(name.decode("utf-8", "backslashreplace"), is_folder, rules):
                    continue
                if is_folder:
                    inner.append((name, rules))
                elif len(self.names) >= self.most:
                    self.cut = True
                else:
                    self.names.append(name)
            waiting.extend(reversed(inner))
        return self

    def _entries(self, folder: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(self._full(folder)) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.unlisted.append((os.fsdecode(folder) or ".", error.strerror or str(error)))
            return []
        if folder and any(entry.name == b".git" for entry in found):
            self.nested.append(folder.decode("utf-8", "backslashreplace"))
            return []
        return found

    def _rules(self, folder: bytes) -> Iterator[tuple[str, tuple[Pattern, ...]]]:
        full = os.path.join(self._full(folder), b".gitignore")  # noqa: PTH118
        if os.path.lexists(full):
            try:
                patterns = gitignore(read(self.root, full).decode("utf-8-sig", "replace"))
            except UnreadableFileError as error:
                self.unlisted.append((os.fsdecode(os.path.join(folder, b".gitignore")), str(error)))  # noqa: PTH118
            else:
                yield folder.decode("utf-8", "backslashreplace"), patterns

    def _full(self, folder: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), folder)  # noqa: PTH118


def ignored(path: str, folder: bool, rules: tuple[tuple[str, tuple[Pattern, ...]], ...]) -> bool:
    """Whether the nearest `.gitignore` that says anything of `path` ignores it."""
    for above, patterns in reversed(rules):
        seen = path[len(above) + 1 :] if above else path
        verdict = decides(patterns, seen, folder=folder)
        if verdict is not None:
            return verdict
    return False
