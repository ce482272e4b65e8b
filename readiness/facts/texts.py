"""Files as anchors: what a finding about a line, or about a value in a parsed file, points at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from readiness.facts.document import Document
from readiness.facts.objects import Node, steady
from readiness.model import Place, Route, Span


@dataclass(frozen=True, slots=True)
class TextAnchor:
    """A file by its path. A route ends in a line number; the steps before it name what stands there.

    The name, not the number, goes into fingerprints: `("stage build", "USER", 12)` is `stage build/USER` on line 12.
    """

    path: str

    @property
    def subject(self) -> str:
        return self.path

    @property
    def identity(self) -> str:
        return self.path

    @property
    def origin(self) -> str:
        return ""

    def span(self, route: Route) -> Span | None:
        return Span(self.path, route[-1]) if route and isinstance(route[-1], int) else Span(self.path, 1)

    def steady(self, route: Route) -> str:
        return "/".join(str(step) for step in route[:-1])

    def at(self, *route: str | int) -> Place:
        return Place(self, route)


@dataclass(frozen=True, slots=True)
class DocumentAnchor:
    """One parsed document of a file: a workflow, a chart, a rule file. Routes lead into its value."""

    document: Document

    @property
    def subject(self) -> str:
        return self.document.path

    @property
    def identity(self) -> str:
        return self.document.path

    @property
    def origin(self) -> str:
        return ""

    def span(self, route: Route) -> Span | None:
        line, column = self.document.nearest(route)
        return Span(self.document.path, line, column)

    def steady(self, route: Route) -> str:
        return steady(self.document.value, route)


@dataclass(frozen=True, slots=True)
class ThingAnchor:
    """Something without a text: the repository as a whole, a tool, a command. Its route is plain names."""

    name: str

    @property
    def subject(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        return self.name

    @property
    def origin(self) -> str:
        return ""

    def span(self, route: Route) -> Span | None:  # noqa: ARG002 (there is no text to point at)
        return None

    def steady(self, route: Route) -> str:
        return "/".join(str(step) for step in route)

    def at(self, *route: str | int) -> Place:
        return Place(self, route)


def root(document: Document) -> Node:
    """A cursor at the top of a parsed document."""
    return Node(DocumentAnchor(document), (), document.value)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be; empty where none is near."""
    words = list(known)
    folded = {w.lower(): w for w in words}
    return folded.get(word.lower()) or next(iter(difflib.get_close_matches(word, words, 1, 0.7)), "")
