"""Markdown pages: headings, links and what a page is about.

Blocks are told apart as CommonMark does it, as far as headings and links need it: fenced and indented code, HTML
comments,
headings with `#` and underlined ones.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import File, FileKind, Repository
from readiness.model import Place

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_LINK = re.compile(
    r"!?\[(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)?)>?(?:\s+[\"'(][^)]*)?\)"
)
_DEFINED = re.compile(r" {0,3}\[[^\]]{1,200}\]:\s*<?(\S+?)>?(?:\s|$)")
_TICKS = re.compile(r"(`+)")
_MARKS = re.compile(r"[*`~]|(?<!\w)_|_(?!\w)|\[|\]\([^)]*\)|\]|<[^>]*>")
_ANCHOR = re.compile(r"<a\s[^>]*\b(?:id|name)=[\"']([^\"']+)|\sid=[\"']([^\"']+)[\"']")
_MOST_LINE = 5_000


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading. Lines count from 1."""

    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is written, and its line."""

    target: str
    line: int

    @property
    def path(self) -> str:
        """The file it leads to, relative to the page; empty for another part of the page, or for an address."""
        if "://" in self.target or self.target.startswith(("mailto:", "tel:", "#", "//", "data:")):
            return ""
        return unquote(self.target.partition("#")[0].partition("?")[0])


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    file: File

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        found = []
        above = ""
        for number, line in self.prose:
            atx, under = _ATX.match(line), _UNDERLINE.match(line)
            if atx:
                text = line[atx.end() :].strip()
                found.append(
                    Heading(len(atx[1]), _plain(text.rstrip("#").rstrip() if text.endswith("#") else text), number)
                )
            elif under and above and not above.startswith((" " * 4, ">", "- ", "* ", "|", "#")):
                found.append(Heading(1 if under[1][0] == "=" else 2, _plain(above.strip()), number - 1))
            above = "" if atx or under or not line.strip() else line
        return tuple(found)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The fragments that lead into the page, as GitHub makes them, and those written in HTML."""
        counts: dict[str, int] = {}
        made = set()
        for heading in self.headings:
            slug = slug_of(heading.text)
            made.add(f"{slug}-{counts[slug]}" if slug in counts else slug)
            counts[slug] = counts.get(slug, 0) + 1
        return frozenset(made | {a or b for _, line in self.prose for a, b in _ANCHOR.findall(line)})

    @cached_property
    def links(self) -> tuple[Link, ...]:
        found = []
        for number, line in self.prose:
            text = _without_code(line)
            found += [Link(match[1], number) for match in (*_LINK.finditer(text), *_DEFINED.finditer(text))]
        return tuple(found)

    @cached_property
    def prose(self) -> tuple[tuple[int, str], ...]:
        """Its lines with their numbers, without code blocks and HTML comments."""
        return tuple(_prose(self.file.lines))

    @cached_property
    def words(self) -> str:
        """All its text in lower case."""
        return self.file.text.lower()

    def target(self, link: Link) -> str:
        """The path from the top of the repository that a link leads to; a leading slash means the top."""
        folder = "" if link.path.startswith("/") else self.file.folder
        return posixpath.normpath(posixpath.join(folder, link.path.lstrip("/")))

    def heading(self, *words: str) -> Heading | None:
        """The first heading with one of these words in it, whatever its case."""
        return next((h for h in self.headings if any(w in h.text.lower() for w in words)), None)

    def at(self, *route: str | int) -> Place:
        return self.file.at(*route)


class Documentation:
    """The pages of a repository, and its other documents by name. Vendored ones and those of tests do not count."""

    kinds = frozenset({FileKind.OTHER.value, FileKind.API.value, FileKind.CATALOG.value})

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.paths = repository.excluded.union(repository.files)
        self.folders = frozenset(_folders(self.paths))
        self.pages: Mapping[str, Page] = {
            path: Page(file)
            for path, file in repository.files.items()
            if path.lower().endswith((".md", ".markdown")) and not is_foreign(path) and not is_test(path)
        }

    def named(self, *stems: str, top: bool = False) -> list[File]:
        """Documents whose name, in lower case and without its ending, is one of `stems`; shortest path first."""
        found = [
            f
            for f in self.repository.files.values()
            if f.name.lower().partition(".")[0] in stems
            and f.name.lower().endswith((".md", ".markdown", ".rst", ".adoc", ".txt", *stems))
            and not is_foreign(f.path)
            and not (top and f.folder not in {"", "docs", ".github", "doc"})
        ]
        return sorted(found, key=lambda f: (f.path.count("/"), f.path))

    def about(self, *words: str) -> list[Page]:
        """Pages that have one of these words in their path, or in their first heading; shortest path first."""
        found = [
            page
            for path, page in self.pages.items()
            if any(w in path.lower() for w in words)
            or any(w in h.text.lower() for h in page.headings[:1] for w in words)
        ]
        return sorted(found, key=lambda p: (p.file.path.count("/"), p.file.path))

    def exists(self, path: str) -> bool:
        """Whether a file or a folder of that path is tracked."""
        return path in self.paths or path.rstrip("/") in self.folders or path == "."


def slug_of(heading: str) -> str:
    """The fragment that GitHub makes of a heading: lower case, dashes for blanks, no punctuation."""
    kept = (c for c in heading.strip().lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def _without_code(line: str) -> str:
    """The line without what stands between two equal runs of backticks."""
    parts = _TICKS.split(line)
    kept, at = [], 0
    while at < len(parts):
        closing = next((i for i in range(at + 2, len(parts), 2) if parts[i] == parts[at]), 0) if at % 2 else 0
        if not closing:
            kept.append(parts[at])
        at = (closing or at) + 1
    return "".join(kept)


def _plain(text: str) -> str:
    return _MARKS.sub("", text).strip()


def _prose(lines: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    fence, comment = "", False
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not line[mark.end() :].strip():
                fence = ""
            continue
        if comment or line.lstrip().startswith("<!--"):
            comment = "-->" not in line
            continue
        if mark and not (mark[1][0] == "`" and "`" in line[mark.end() :]):
            fence = mark[1]
            continue
        yield number, line[:_MOST_LINE]


def _folders(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        parts = path.split("/")[:-1]
        yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
