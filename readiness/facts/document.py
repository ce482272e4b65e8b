"""A parsed document that remembers where each of its nodes was written.

Positions are one array of 64-bit numbers, one entry per node in pre-order (the root first): line, column and the number
of nodes in the subtree, packed. A route is found by walking the value in its own order and skipping subtrees by their
size, so that an array of a few hundred kilobytes serves a whole file and crosses to another process as it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Route = tuple[str | int, ...]
"""Keys and item numbers that lead from the root of a document to a node; `()` is the root."""

SIZE_BITS = 22
COLUMN_BITS = 18
LINE_BITS = 24
LINE_SHIFT = COLUMN_BITS + SIZE_BITS
SIZE_MASK = (1 << SIZE_BITS) - 1
COLUMN_MASK = (1 << COLUMN_BITS) - 1
LINE_MASK = (1 << LINE_BITS) - 1

_MANY = 32
"""Containers with more children than this keep the offsets of their children, once somebody asked."""


def pack(line: int, column: int, size: int = 0) -> int:
    """One entry of a position array; line and column count from 1 and saturate instead of overflowing."""
    return min(line, LINE_MASK) << LINE_SHIFT | min(column, COLUMN_MASK) << SIZE_BITS | size


def unpack(entry: int) -> tuple[int, int]:
    """The line and the column of an entry, both counted from 1."""
    return entry >> LINE_SHIFT, entry >> SIZE_BITS & COLUMN_MASK


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document of a file, or one object of a live system.

    `value` holds nothing but dict (string keys), list, str, int, float, bool and None, and is not to be changed: parts
    may be shared. `path` is as the user gave it. `line` is that of the first node, from 1 on. `positions` has
    one entry per node in pre-order; it is None for what was never written down, such as live objects.
    """

    value: Any
    path: str
    line: int = 1
    positions: array[int] | None = None
    _offsets: dict[int, dict[str | int, int]] = field(default_factory=dict, init=False, repr=False)

    def span(self, route: Route) -> tuple[int, int] | None:
        """Line and column, counted from 1, of the key or list item at `route`; None when it is not written down."""
        node, missing = self._walk(route)
        return None if missing or self.positions is None else unpack(self.positions[node])

    def nearest(self, route: Route) -> tuple[int, int]:
        """Line and column of `route`, or of its closest ancestor that is there; without positions, the first line."""
        node, _ = self._walk(route)
        return (self.line, 1) if self.positions is None else unpack(self.positions[node])

    def _walk(self, route: Route) -> tuple[int, bool]:
        """The entry of the deepest node on `route`, and whether the route goes on below it."""
        node, value = 0, self.value
        if self.positions is None:
            return 0, True
        for step in route:
            child = self._child(self.positions, node, value, step)
            if child is None:
                return node, True
            node, value = child, value[step]
        return node, False

    def _child(self, positions: array[int], node: int, value: Any, step: str | int) -> int | None:
        keys: Iterable[str | int]
        if isinstance(value, dict):
            keys = value
            present = step in value
        elif isinstance(value, list) and isinstance(step, int) and not isinstance(step, bool):
            keys = range(len(value))
            present = 0 <= step < len(value)
        else:
            return None
        if not present:
            return None
        if len(value) > _MANY:
            if node not in self._offsets:
                self._offsets[node] = dict(_children(positions, node, keys))
            return self._offsets[node][step]
        return next(at for key, at in _children(positions, node, keys) if key == step)


def _children(positions: array[int], node: int, keys: Iterable[str | int]) -> Iterable[tuple[str | int, int]]:
    at = node + 1
    for key in keys:
        yield key, at
        at += positions[at] & SIZE_MASK
