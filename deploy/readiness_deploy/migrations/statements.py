"""Cuts a text of SQL into its statements, with the line on which each begins.

Cut by the tokens of the dialect's own lexer, so that a semicolon in a text, a comment or a body between dollar signs
cuts nothing. Whoever runs what comes out hands it to the server one statement at a time, in a form that holds only
one: should lexer and server ever disagree, the server refuses.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from readiness_deploy.migrations.model import Dialect


class Uncut(Exception):
    """The text is no sequence of tokens; `line` is where that was noticed."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement without its semicolon, where it begins, and its words: tokens, those without quotes in capitals."""

    text: str
    line: int
    words: tuple[str, ...]


def cut(text: str, dialect: Dialect) -> Iterator[Piece]:
    """The statements of a text. Raises Uncut where a quotation does not end."""
    start = -1
    words: list[str] = []
    line, counted = 1, 0
    last = 0
    depth = 0
    for token in _tokens(text, dialect):
        if token.text == ";" and token.token_type.name == "SEMICOLON":
            if (
                start < 0
                or depth
                or (dialect == "sqlite" and not sqlite3.complete_statement(text[start : token.end + 1]))
            ):
                continue
            yield Piece(text[start : last + 1], line, tuple(words))
            start, words = -1, []
            continue
        if start < 0:
            start = token.start
            line, counted = line + text.count("\n", counted, start), start
        last = token.end
        words.append(_word(token, text))
        if dialect == "postgres":
            depth += _deeper(words, depth)
    if start >= 0:
        yield Piece(text[start : last + 1], line, tuple(words))


def _deeper(words: list[str], depth: int) -> int:
    """What the last word adds to the depth within the body of a function, BEGIN ATOMIC … END."""
    if not depth:
        return int(words[0] == "CREATE" and words[-2:] == ["BEGIN", "ATOMIC"])
    if words[-1] not in ("CASE", "END") or words[-2] in ("AS", "."):  # there it is a name
        return 0
    return 1 if words[-1] == "CASE" else -1


def _tokens(text: str, dialect: Dialect):  # type: ignore[no-untyped-def]  # sqlglot's Token, which is imported late
    from sqlglot.dialects.dialect import Dialect as Grammar
    from sqlglot.errors import TokenError

    try:
        return Grammar.get_or_raise(dialect).tokenize(text)
    except TokenError as fault:
        cause = fault.__cause__
        said = str(cause).split("\n")[0] if isinstance(cause, TokenError) else "a quotation does not end"
        raise Uncut(_line_of(said, text), f"it is no SQL that can be cut into statements: {said[:200]}") from None


def _line_of(said: str, text: str) -> int:
    """The line that the lexer names, as in `Missing ' from 12:3`; the last one where it names none."""
    for word in said.split():
        line, colon, column = word.strip(".").partition(":")
        if colon and line.isdigit() and column.isdigit():
            return max(int(line), 1)
    return text.count("\n") + 1


def _word(token, text: str) -> str:  # type: ignore[no-untyped-def]
    written = text[token.start : token.end + 1]
    return written if written[:1] in "'\"$`[" else written.upper()
