"""Values of any kind as JSON that every parser reads the same way and no terminal obeys."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date
from enum import Enum
from typing import Any

import msgspec

from readiness.report.text import COMMAND, HIDDEN, cut

MOST_BYTES = 32 * 2**20
"""What the findings of one report may take, and what all else may."""

_DEEPEST = 6
_MOST_ITEMS = 100
_ESCAPED = re.compile(f"[{HIDDEN}]|{COMMAND}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Allowance:
    """Counts down the bytes that a list may take. What does not fit is counted, so that the report can say so."""

    def __init__(self, size: int = MOST_BYTES) -> None:
        self._left = size
        self.refused = 0

    def piece(self, make: Callable[..., object], *given: object) -> msgspec.Raw | None:
        """What `make` makes, as a piece of JSON; None where there is no room left for it, nor for any after it."""
        if not self.refused:
            encoded = msgspec.json.encode(make(*given))
            self._left -= len(encoded)
            if self._left >= 0:
                return msgspec.Raw(encoded)
        self.refused += 1
        return None

    def listed(self, make: Callable[..., object], values: Iterable[object]) -> list[msgspec.Raw]:
        """A piece of each value, as far as there is room."""
        return [piece for value in values if (piece := self.piece(make, value)) is not None]


def encode(value: object) -> str:
    """The value as indented JSON with a line end. Hidden characters are written as escapes; the values stay."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    return _ESCAPED.sub(_escape, text) + "\n"


def safe(value: Any, depth: int = 0) -> Any:
    """The value in JSON's own types, bounded in depth, items and length; what JSON lacks is told in words."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return safe(value.value, depth)
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping | Set | list | tuple) and depth < _DEEPEST:
        return _container(value, depth)
    return string(value)


def string(value: object) -> str:
    """The text as it is, bounded; a surrogate, which no encoding has, is written out."""
    return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", cut(str(value)))


def number(value: float | None) -> float | int | None:
    """A score with two digits, never more than was reached; whole numbers without a point."""
    if value is None:
        return None
    floored = math.floor(value * 100 + 1e-6) / 100
    return int(floored) if floored.is_integer() else floored


def _container(value: Any, depth: int) -> Any:
    more = f"… ({len(value) - _MOST_ITEMS:,} more)" if len(value) > _MOST_ITEMS else ""
    if isinstance(value, Mapping):
        items = list(value.items())[:_MOST_ITEMS]
        made = {string(k): safe(v, depth + 1) for k, v in items}
        return made | {"…": more} if more else made
    listed = sorted(value, key=str) if isinstance(value, Set) else value
    said = [safe(v, depth + 1) for v in listed[:_MOST_ITEMS]]
    return [*said, more] if more else said


def _escape(match: re.Match[str]) -> str:
    if match[0] == "##":
        return "\\u0023#"
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
