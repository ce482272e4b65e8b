"""Variables in texts, as Dockerfiles and Compose files write them: `$X`, `${X}`, `${X:-default}`, `${X:+other}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_NESTED = 20


def expand(text: str, values: Mapping[str, str | None], *, escape: str = "\\", depth: int = 0) -> str | None:
    """`text` with its variables filled in, or None where one has no known value and no default: that is never guessed.

    `escape` before a `$` takes its meaning away: a backslash in a Dockerfile, another `$` in a Compose file.
    """
    if "$" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == escape and text.startswith("$", at + 1):
            parts.append("$")
            at += 2
        elif char == "$":
            value, at = _one(text, at, values, escape, depth)
            if value is None:
                return None
            parts.append(value)
        else:
            parts.append(char)
            at += 1
    return "".join(parts)


def _one(text: str, at: int, values: Mapping[str, str | None], escape: str, depth: int) -> tuple[str | None, int]:
    """The value of the variable that begins at `at`, and where the text goes on."""
    braced = text.startswith("{", at + 1)
    name = _NAME.match(text, at + 1 + braced)
    if name is None:
        return (None if braced else "$"), at + 1
    if not braced:
        return values.get(name[0]), name.end()
    end = _closing(text, at + 1)
    if end < 0 or depth > _MOST_NESTED:
        return None, len(text)
    return _with_default(values.get(name[0]), text[name.end() : end], values, escape, depth), end + 1


def _with_default(
    value: str | None, rest: str, values: Mapping[str, str | None], escape: str, depth: int
) -> str | None:
    """What `${X<rest>}` stands for. A required value (`?`) that is not known stays unknown."""
    if not rest:
        return value
    empty_counts = rest.startswith(":")
    operator, word = rest[empty_counts : empty_counts + 1], rest[1 + empty_counts :]
    is_set = value is not None and not (empty_counts and value == "")
    if operator == "-":
        return value if is_set else expand(word, values, escape=escape, depth=depth + 1)
    if operator == "+":
        return expand(word, values, escape=escape, depth=depth + 1) if is_set else ""
    return value if operator == "?" and is_set else None


def _closing(text: str, at: int) -> int:
    level = 0
    for n in range(at, len(text)):
        if text[n] == "{":
            level += 1
        elif text[n] == "}":
            level -= 1
            if level == 0:
                return n
    return -1
