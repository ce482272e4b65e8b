"""Mappings whose keys do not simply follow each other: repeated keys and merges (`<<`).

While such a mapping is read, stand-ins take the place of those keys, so that the order of the dict and the order of the
positions agree. When it ends, the stand-ins are resolved as Kubernetes does, and the positions are rewritten.
"""

from __future__ import annotations

from array import array
from typing import Any

from readiness.facts.document import SIZE_MASK, unpack
from readiness.sources.manifests.reading import Limits
from readiness.sources.manifests.refused import Place, RefusedError, shorten


class Merge:
    """Stands for a key `<<`."""


class Again:
    """Stands for a key that its mapping has already."""

    def __init__(self, key: str) -> None:
        self.key = key


class Mappings:
    """Resolves the stand-ins of one document.

    `notes` are (line, column, kind, message) of repeated keys, bounded in number.
    """

    def __init__(self, positions: array[int], limits: Limits) -> None:
        self.positions = positions
        self.limits = limits
        self.notes: list[tuple[int, int, str, str]] = []
        self._merged = 0
        self._repeated = 0

    def straighten(self, here: dict[Any, Any], start: int) -> array[int]:
        """Resolves the mapping whose entry is at `start`: the last one wins. Returns the positions it now has."""
        kept: dict[str, tuple[Any, int]] = {}
        at = start + 1
        for key, value in here.items():
            if isinstance(key, Merge):
                self._merge(kept, value, at)
            elif isinstance(key, Again):
                self._note(key.key, kept[key.key][1], at)
                kept[key.key] = (value, at)
            else:
                kept[key] = (value, at)
            at += self.positions[at] & SIZE_MASK
        straight = array("Q", [self.positions[start]])
        for _, source in kept.values():
            straight.extend(self.positions[source : source + (self.positions[source] & SIZE_MASK)])
        here.clear()
        here.update((key, value) for key, (value, _) in kept.items())
        return straight

    def _merge(self, kept: dict[str, tuple[Any, int]], value: Any, at: int) -> None:
        """A merge overrides what stands before it; in a list of mappings the first one wins."""
        sources = [(value, at)]
        if isinstance(value, list):
            sources = list(zip(value, self._children(at, len(value)), strict=True))
        for source, where in reversed(sources):
            if not isinstance(source, dict):
                raise self._refused(at, "alias", "a merge (<<) wants a mapping, or a list of mappings")
            self._merged += len(source)
            if self._merged > self.limits.merged_keys:
                told = f"merges (<<) carry more than {self.limits.merged_keys:,} keys; this is not read any further"
                raise self._refused(at, "limit", told)
            for (key, item), child in zip(source.items(), self._children(where, len(source)), strict=True):
                kept[key] = (item, child)

    def _children(self, at: int, count: int) -> list[int]:
        children, child = [], at + 1
        for _ in range(count):
            children.append(child)
            child += self.positions[child] & SIZE_MASK
        return children

    def _refused(self, at: int, kind: str, message: str) -> RefusedError:
        return RefusedError(Place(*unpack(self.positions[at])), kind, message)

    def _note(self, key: str, first: int, again: int) -> None:
        self._repeated += 1
        line, column = unpack(self.positions[again])
        if self._repeated <= self.limits.duplicates:
            told = (
                f"the key {shorten(key)!r} is here a second time, after line {unpack(self.positions[first])[0]}; "
                "only one of them counts: remove the other"
            )
        elif self._repeated == self.limits.duplicates + 1:
            told = f"more than {self.limits.duplicates} keys of this document are repeated; the others are not listed"
        else:
            return
        self.notes.append((line, column, "duplicate-key", told))
