"""What `helm template` prints, cut into the pieces that its `# Source:` lines name."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = re.compile(r"^---\n# Source: (\S[^\n]*)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one template printed of one or several objects.

    `first` is the line of its `---` in the whole output, counted from 1.
    """

    source: str
    first: int
    lines: tuple[str, ...]


def pieces(text: str) -> tuple[Piece, ...]:
    """The pieces of an output, in its order."""
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    found: list[Piece] = []
    line, counted = 1, 0
    for head, end in zip(heads, ends, strict=False):
        line += text.count("\n", counted, head.start())
        counted = head.start()
        lines = tuple(text[head.start() : end].removesuffix("\n").split("\n"))
        found.append(Piece(head[1].strip(), line, lines))
    return tuple(found)


def piece_at(found: Sequence[Piece], line: int) -> Piece | None:
    """The piece that a line of the whole output belongs to."""
    index = bisect_right(found, line, key=lambda piece: piece.first) - 1
    return found[index] if index >= 0 else None
