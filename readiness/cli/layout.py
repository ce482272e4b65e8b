"""Plain text in columns and paragraphs, for answers that are no report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from readiness.report.text import plain, shortened

_NARROWEST = 40


def table(rows: Iterable[Sequence[str]], width: int | None = None, indent: str = "") -> list[str]:
    """Rows as lines with aligned columns. The last column is cut to `width`, where one is given; no other ever is."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]) - 1)]
    lines = []
    for row in cells:
        head = indent + "".join(f"{cell:<{w}}  " for cell, w in zip(row, widths, strict=False))
        last = row[-1] if width is None else shortened(row[-1], max(12, width - len(head)))
        lines.append((head + last).rstrip())
    return lines


def paragraph(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    """`text` folded to `width`, `first` before its first line, and `rest` (blanks of that width) before the others."""
    return (
        "\n".join(
            textwrap.wrap(
                plain(" ".join(text.split())),
                max(_NARROWEST, width),
                initial_indent=first,
                subsequent_indent=" " * len(first) if rest is None else rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        or first.rstrip()
    )
