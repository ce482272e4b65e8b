"""The end of a document that cannot be read."""

from __future__ import annotations

from typing import Protocol


class Mark(Protocol):
    """A place in a parser's input; everything counts from 0."""

    index: int
    line: int
    column: int


class Place:
    """A mark where only line and column are known (counted from 1, in the whole file)."""

    def __init__(self, line: int, column: int) -> None:
        self.index = -1
        self.line = line - 1
        self.column = column - 1


class RefusedError(Exception):
    """A document that cannot be read; `kind` and message are those of the problem.

    `at` is the character of the parser's input where reading stopped, or -1 when only `line` and `column` (counted
    from 1) are known; then the line is one of the whole file.
    """

    def __init__(self, mark: Mark, kind: str, message: str, *, whole_file: bool = False) -> None:
        super().__init__(message)
        self.at = mark.index
        self.line = mark.line + 1
        self.column = mark.column + 1
        self.kind = kind
        self.whole_file = whole_file


def shorten(text: str) -> str:
    """A text for a message: one line, of bounded length."""
    return text if len(text) <= 60 else text[:57] + "..."
