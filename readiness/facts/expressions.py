"""Expressions of GitHub Actions: `${{ … }}`, lexed and parsed far enough to know which values flow into the result.

The grammar is that of GitHub's documentation ("Evaluate expressions in workflows and actions"): literals, contexts with
`.name`, `.*` and `[…]`, calls, and the operators ! < <= > >= == != && ||.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Reference = tuple[str, ...]
"""A context by its steps, in lower case: `("github", "event", "issue", "title")`; an index that is no text is `*`."""

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w-]))"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||[=!<>]=|[!<>()\[\],.*]))"
)
# Their result is true, false or a checksum, whatever goes in.
_HARMLESS = frozenset({"contains", "startswith", "endswith", "hashfiles", "success", "failure", "always", "cancelled"})
_COMPARES = frozenset({"==", "!=", "<", "<=", ">", ">="})
_DEPTH = 60


class ExpressionError(Exception):
    """The text is no expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One `${{ … }}` in a text: the text within, and how many lines above it in that text."""

    text: str
    line: int
    closed: bool = True

    def flows(self) -> frozenset[Reference]:
        """The contexts whose value can become part of the result. Raises ExpressionError."""
        if not self.closed:
            raise ExpressionError("`${{` is not closed by `}}`")
        return flows(self.text)


def embedded(text: str) -> Iterator[Embedded]:
    """Every `${{ … }}` in `text`; braces within a string literal do not close it."""
    at = 0
    while (start := text.find("${{", at)) >= 0:
        end, quoted = start + 3, False
        while end < len(text) and (quoted or not text.startswith("}}", end)):
            quoted ^= text[end] == "'"
            end += 1
        yield Embedded(text[start + 3 : end].strip(), text.count("\n", 0, start), end < len(text))
        at = end + 2


def placed(text: str) -> tuple[str, dict[str, str]]:
    """`text` with a plain word in place of each expression, and what each such word stands for.

    No line moves: an expression over several lines keeps its line ends behind its word.
    """
    made, stands_for, at = [], {}, 0
    for number, one in enumerate(embedded(text)):
        start = text.index("${{", at)
        end = min(len(text), text.index(one.text, start) + len(one.text)) if one.text else start + 3
        end = text.find("}}", end) + 2 if one.closed else len(text)
        written = text[start:end]
        word = f"EXPRESSION{number}_"
        stands_for[word] = written
        made += [text[at:start], word, "\n" * written.count("\n")]
        at = end
    return "".join(made) + text[at:], stands_for


def flows(text: str) -> frozenset[Reference]:
    """The contexts whose value can become part of what `text` evaluates to. Raises ExpressionError."""
    parser = _Parser(text)
    found = parser.either(0)
    if parser.here:
        raise ExpressionError(f"`{parser.here}` is not expected there")
    return frozenset(found)


class _Parser:
    """Recursive descent, one method for each level of precedence; deeper than any real expression is a fault."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    @property
    def here(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> bool:
        if self._kind == "sign" and self.here in wanted:
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"`{sign}` is missing" + (f" before `{self.here}`" if self.here else " at the end"))

    def either(self, depth: int) -> set[Reference]:
        """`a && b || c`: the result is one of the operands."""
        if depth > _DEPTH:
            raise ExpressionError(f"it nests deeper than {_DEPTH}")
        found = self._compared(depth)
        while self._take("&&", "||"):
            found |= self._compared(depth)
        return found

    def _compared(self, depth: int) -> set[Reference]:
        found = self._negated(depth)
        while self._kind == "sign" and self.here in _COMPARES:
            self._at += 1
            self._negated(depth)
            found = set()
        return found

    def _negated(self, depth: int) -> set[Reference]:
        negated = False
        while self._take("!"):
            negated = True
        found = self._value(depth)
        return set() if negated else found

    def _value(self, depth: int) -> set[Reference]:
        kind, text = self._kind, self.here
        if self._take("("):
            found = self.either(depth + 1)
            self._need(")")
            return found
        if kind not in {"text", "number", "name"}:
            raise ExpressionError("a value is missing" + (f" before `{text}`" if text else ""))
        self._at += 1
        if kind != "name" or text in {"true", "false", "null", "NaN", "Infinity"}:
            return set()
        if self._take("("):
            return self._called(text.lower(), depth)
        return {self._context(text, depth)}

    def _called(self, name: str, depth: int) -> set[Reference]:
        found: set[Reference] = set()
        while not self._take(")"):
            found |= self.either(depth + 1)
            if not self._take(",") and self.here != ")":
                self._need(")")
        while self._kind == "sign" and self.here in {".", "["}:  # fromJSON(…).name
            self._context(name, depth)
        return set() if name in _HARMLESS else found

    def _context(self, first: str, depth: int) -> Reference:
        steps = [first.lower()]
        while True:
            if self._take("."):
                if self._take("*"):
                    steps.append("*")
                elif self._kind == "name":
                    steps.append(self.here.lower())
                    self._at += 1
                else:
                    raise ExpressionError("a name is missing after `.`")
            elif self._take("["):
                if self._take("*"):
                    steps.append("*")
                else:
                    steps.append(self.here[1:-1].lower() if self._kind == "text" else "*")
                    self.either(depth + 1)
                self._need("]")
            else:
                return tuple(steps)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.strip()
    if not text:
        raise ExpressionError("the expression is empty")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"`{text[at : at + 10].strip()}` cannot be read")
        yield match.lastgroup or "", match[match.lastgroup or 0]
        at = match.end()
