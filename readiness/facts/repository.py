"""A repository: its tracked files, and what git knows of them.

What could not be read of a repository is a gap of the file's kind (`FileKind`). A view that names the kinds of files
it reads in its `kinds`, as views of objects name Kubernetes kinds, is not bothered by a gap in a file that is not its
own. A check that asks for `Repository` itself asks for everything, and any gap there may hide what it looks for.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from readiness.facts.document import Document
from readiness.facts.paths import is_foreign
from readiness.facts.texts import TextAnchor, ThingAnchor
from readiness.model import Place

# Folders whose files are there for tests to read.
_TEST_DATA = frozenset({"testdata", "test_data", "test-data", "fixtures", "__fixtures__"})


class FileKind(StrEnum):
    """What a file is for: the word that gaps and views use for it."""

    DOCKERFILE = "Dockerfile"
    COMPOSE = "Compose file"
    SCRIPT = "script"
    WORKFLOW = "workflow"
    CHART = "chart"
    KUSTOMIZATION = "kustomization"
    MONITORING = "monitoring file"
    PACKAGE = "package manifest"
    API = "API description"
    TOOLING = "tool settings"
    CATALOG = "catalog entry"
    HISTORY = "git history"
    OTHER = "other file"


@dataclass(frozen=True)
class File:
    """One tracked file. `load` reads it when it is first asked for, and raises OSError where it has become unreadable
    since it was listed; `size` is in bytes."""

    path: str
    size: int
    load: Callable[[], bytes]
    executable: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder it lies in, empty for the top."""
        return self.path.rpartition("/")[0]

    @property
    def own(self) -> bool:
        """Whether it was written for this repository to use: no vendored code, no data for tests."""
        return not is_foreign(self.path) and _TEST_DATA.isdisjoint(self.path.split("/")[:-1])

    @cached_property
    def text(self) -> str:
        """Its text; undecodable bytes become replacement characters, a binary file is empty."""
        data = self.load()
        return "" if b"\0" in data[:8192] else data.decode("utf-8-sig", "replace")

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines without their ends. Lines end at LF, CRLF or CR, as editors count them."""
        return tuple(re.split(r"\r\n|\r|\n", self.text))

    def at(self, *route: str | int) -> Place:
        """A place in it: names of what stands there, then the line."""
        return TextAnchor(self.path).at(*route)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `when` has a time zone."""

    id: str
    when: datetime
    author: str
    subject: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repository:
    """Tracked files by path, with `/` between folders.

    `parsed` holds the documents of those YAML, JSON and TOML files that some view reads (workflows, charts, rule
    files …). `history` is the newest first and may be cut (`shallow`); None where there is no git. `tracked` is False
    where there is no git and the files are simply those that lie there. `excluded` are paths that the settings leave
    out: they are there, a link may lead to them, and nobody reads them.
    """

    root: ClassVar[bool] = True

    files: Mapping[str, File]
    parsed: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    history: tuple[Commit, ...] | None = None
    shallow: bool = False
    tracked: bool = True
    excluded: frozenset[str] = frozenset()

    def get(self, path: str) -> File | None:
        return self.files.get(path)

    def at(self, *route: str) -> Place:
        """The repository as a whole: for what is missing from it."""
        return ThingAnchor("repository").at(*route)

    def glob(self, *patterns: str) -> Iterator[File]:
        """Files whose path matches one of the patterns; `*` stays within a folder, `**/` spans any number of them."""
        matchers = [_matcher(p) for p in patterns]
        return (f for path, f in self.files.items() if any(m(path) for m in matchers))

    def named(self, *names: str) -> Iterator[File]:
        """Files of these names in any folder; `*` and `?` allowed, case matters."""
        return (f for f in self.files.values() if any(fnmatch.fnmatchcase(f.name, n) for n in names))

    def documents(self, files: Iterable[File]) -> Iterator[Document]:
        """The parsed documents of these files."""
        for file in files:
            yield from self.parsed.get(file.path, ())


def _matcher(pattern: str) -> Callable[[str], object]:
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    made = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(made.get(p, re.escape(p)) for p in parts) + r"\Z").match
