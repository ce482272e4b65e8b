"""From a line of the rendered output to the line of the template that wrote it.

Exactness first: a line counts as known only where the rendering with tokens printed the same document, and the same key
on that line. Otherwise the place is the template's path with the line of what `helm template` prints for the whole
chart, marked as rendered.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from readiness.facts.document import Document
from readiness.model import Route, Span
from readiness.sources.helm.output import Piece, piece_at
from readiness.sources.helm.tokens import origins

_SEPARATOR = re.compile(r"---(\s|$)")
_CHANGING = re.compile(r"\b[0-9a-f]{40,64}\b")  # a checksum of a marked template differs from that of the plain one


@dataclass(frozen=True, slots=True)
class Template:
    """A file of the chart: the path that a user knows it by and its lines. `literal` files are printed as they are."""

    shown: str
    lines: tuple[str, ...]
    literal: bool = False


class Trace:
    """Knows, for one rendered chart, where each line of the output comes from."""

    __slots__ = ("_origins", "_pieces", "_templates")

    def __init__(self, found: Sequence[Piece], templates: Mapping[str, Template], marked: Mapping[str, str]) -> None:
        self._pieces, self._templates = found, templates
        self._origins: dict[int, tuple[int, ...]] = {}
        by_source: dict[str, list[Piece]] = {}
        for piece in found:
            by_source.setdefault(piece.source, []).append(piece)
        for source, same in by_source.items():
            template = templates.get(source)
            if template and template.literal:
                self._origins |= _as_written(same, template)
            elif source in marked:
                self._origins |= _agreed(same, marked[source])

    def span(self, line: int, column: int, route: Route = ()) -> Span:
        """The place of a line of the whole output; `route` leads to what stands there, for the column."""
        piece = piece_at(self._pieces, line)
        if piece is None:
            return Span("helm template", line, column, rendered=True)
        template = self._templates.get(piece.source)
        offset = line - piece.first
        known = self._origins.get(piece.first, ())
        number = known[offset] if offset < len(known) else 0
        if template is None or not 0 < number <= len(template.lines):
            shown = template.shown if template else piece.source
            return Span(shown, line, column, rendered=True)
        return Span(template.shown, number, _column(template.lines[number - 1], piece.lines[offset], column, route))


class Templated:
    """The locator of one rendered object."""

    __slots__ = ("base", "document", "trace")

    def __init__(self, document: Document, base: Route, trace: Trace) -> None:
        self.document, self.base, self.trace = document, base, trace

    def locate(self, body: Mapping[str, Any], route: Route) -> Span | None:  # noqa: ARG002 (the document has the body)
        line, column = self.document.nearest((*self.base, *route))
        return self.trace.span(line, column, route)


def _column(template: str, rendered: str, column: int, route: Route) -> int:
    """The column in the template's line: the same where both begin alike, else the key's, else the first visible."""
    if template[:column] == rendered[:column]:
        return column
    key = next((step for step in reversed(route) if isinstance(step, str)), None)
    if key is not None:
        found = [m.start() for m in re.finditer(rf"(?<![\w.-]){re.escape(key)}[\"']?:", template)]
        if len(found) == 1:
            return found[0] + 1
    return len(template) - len(template.lstrip()) + 1


def _as_written(same: Sequence[Piece], template: Template) -> dict[int, tuple[int, ...]]:
    """A file that Helm prints as it is: its lines follow the head, from the first one on."""
    if len(same) != 1:
        return {}
    piece = same[0]
    printed = piece.lines[2:]
    equal = (
        n if n <= len(template.lines) and text == template.lines[n - 1] else 0 for n, text in enumerate(printed, 1)
    )
    return {piece.first: (0, 0, *equal)}


def _agreed(same: Sequence[Piece], marked: str) -> dict[int, tuple[int, ...]]:
    """Line numbers for each piece whose document the marked rendering printed too, in whatever order.

    A document with the same text is it; else one with the same keys line for line, since some values differ each time.
    """
    lines, numbers = origins(marked)
    documents = list(_documents(lines))
    contents = [(piece, *_content(piece.lines, 2, len(piece.lines))) for piece in same]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for look in (_steady, _head):
        waiting: dict[tuple[str, ...], deque[int]] = {}
        for number, (start, end) in enumerate(documents):
            if number not in taken:
                waiting.setdefault(tuple(look(line) for line in lines[start:end]), deque()).append(number)
        for piece, start, end in contents:
            alike = waiting.get(tuple(look(line) for line in piece.lines[start:end]))
            if piece.first not in found and alike:
                found[piece.first] = alike.popleft()
                taken.add(found[piece.first])
    known = {}
    for piece, start, end in contents:
        if piece.first in found:
            first, last = documents[found[piece.first]]
            known[piece.first] = (*(0 for _ in range(start)), *numbers[first:last], *(0 for _ in piece.lines[end:]))
    return known


def _documents(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each document that says something."""
    borders = [-1, *(n for n, line in enumerate(lines) if _SEPARATOR.match(line)), len(lines)]
    for before, after in pairwise(borders):
        start, end = _content(lines, before + 1, after)
        if start < end:
            yield start, end


def _content(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """The range without the blank lines at both ends."""
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def _steady(line: str) -> str:
    return _CHANGING.sub("", line.rstrip())


def _head(line: str) -> str:
    """The key of a line with its indentation; the whole line where it has none."""
    key, colon, _ = f"{_steady(line)} ".partition(": ")
    return key if colon else key.rstrip()
