"""From a part of a built object to the line that wrote it: a patch, the base, or a field of a kustomization.

A line counts only where it says what the built object has. What nothing written explains stays a line of the built
output, marked as rendered; something that is missing is placed at the nearest written thing above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from readiness.facts.document import Document
from readiness.model import Route, Span
from readiness.sources.kustomize.fields import by_kustomization
from readiness.sources.kustomize.layers import Layer, Patch
from readiness.sources.kustomize.origins import Source, is_name
from readiness.sources.kustomize.targets import hits
from readiness.sources.kustomize.translating import MISSING, operation, translate, value_at


class Built:
    """The locator of one built object."""

    __slots__ = ("base", "document", "source", "top")

    def __init__(self, document: Document, base: Route, source: Source | None, top: Layer) -> None:
        self.document, self.base, self.source, self.top = document, base, source, top

    def locate(self, body: Mapping[str, Any], route: Route) -> Span | None:
        present = _present(body, route)
        if self.source is not None:
            found = self._written(self.source, body, present)
            if found is not None:
                return found
        line, column = self.document.nearest((*self.base, *route))
        return Span(self.top.shown, line, column, rendered=True)

    def _written(self, source: Source, body: Mapping[str, Any], route: Route) -> Span | None:
        """The place of `route`, which the built object has; for a list or mapping, of the nearest one above too."""
        value = value_at(body, route)
        plain = not isinstance(value, dict | list)
        if plain:
            first = _in_base(source, body, route) if _identifies(route) else None
            return first or self._said(source, body, route)
        for length in range(len(route), -1, -1):
            above = route[:length]
            found = _in_base(source, body, above) or self._said(source, body, above)
            if found:
                return found
        return None

    def _said(self, source: Source, body: Mapping[str, Any], route: Route) -> Span | None:
        """What wrote the value at `route`: the last one first."""
        for layer in reversed(list(source.above())):
            found = by_kustomization(layer, source, body, route)
            if found:
                return layer.at(*found)
            for patch in _patches_of(layer, source):
                found_in = _in_patch(patch, source, body, route)
                if found_in:
                    return found_in
        return _in_base(source, body, route)


def _patches_of(layer: Layer, source: Source) -> Iterator[Patch]:
    """The patches that one layer brings to the source, last one first; its components' come before its own."""
    yield from reversed(layer.patches)
    for component in reversed(layer.components):
        if component not in list(source.above()):
            yield from _patches_of(component, source)


def _in_patch(patch: Patch, source: Source, body: Mapping[str, Any], route: Route) -> Span | None:
    if not hits(patch, source, body):
        return None
    if isinstance(patch.document.value, list):
        found = operation(patch.document.value, body, route)
    else:
        found = _agreeing(patch.document.value, body, route) if route else None
    return Span(patch.document.path, *patch.document.nearest(found)) if found is not None else None


def _in_base(source: Source, body: Mapping[str, Any], route: Route) -> Span | None:
    written = source.written
    if written is None:
        return source.layer.at(*source.generator) if source.generator and len(route) < 2 else None
    found = _agreeing(written.body, body, route)
    if found is None and isinstance(value_at(body, route), str):
        found = _renamed(source, written.body, body, route)
    if found is None:
        return None
    return Span(written.document.path, *written.document.nearest((*written.base, *found)))


def _agreeing(written: Any, body: Mapping[str, Any], route: Route) -> Route | None:
    """The route within `written` that says what `body` has at `route`; a list or mapping only has to be there."""
    found = translate(written, body, route)
    if found is None:
        return None
    mine, built = value_at(written, found), value_at(body, route)
    if isinstance(built, dict | list):
        return found if type(mine) is type(built) else None
    return found if type(mine) is type(built) and mine == built else None


def _renamed(source: Source, written: Mapping[str, Any], body: Mapping[str, Any], route: Route) -> Route | None:
    """A name, or a reference to one, that got a prefix, a suffix or a hash."""
    found = translate(written, body, route)
    mine, built = value_at(written, found) if found is not None else None, value_at(body, route)
    if isinstance(mine, str) and isinstance(built, str) and is_name(source, mine, built):
        return found
    return None


def _identifies(route: Route) -> bool:
    """Whether the route leads to what names an object or an item: a patch repeats that, it does not say it."""
    if route in (("apiVersion",), ("kind",), ("metadata", "name")):
        return True
    return len(route) > 1 and route[-1] == "name" and isinstance(route[-2], int)


def _present(body: Mapping[str, Any], route: Route) -> Route:
    """The part of `route` that the object has."""
    for length in range(len(route), 0, -1):
        if value_at(body, route[:length]) is not MISSING:
            return route[:length]
    return ()
