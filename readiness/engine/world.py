"""All that is known about one environment, and the views that follow from it.

A source supplies root facts. A view is a class whose constructor asks for facts by type; it is built once for each
origin, when a check first needs it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from readiness.model import Check, Gap, Need, Origin, Supply


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that could not be had. `declared` tells a source that failed from one that nobody declared."""

    type: type
    declared: bool
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Faulty:
    """A view that could not be built: our fault, and no verdict for any check that needs it."""

    reason: str


@dataclass(slots=True)
class World:
    """The facts of one environment. `bringers` says which sources, of which origin, could bring each root fact."""

    environment: str
    supplies: Sequence[Supply]
    bringers: Mapping[type, Mapping[str, Origin | None]] = field(default_factory=dict)
    _built: dict[tuple[type, Origin | None], Any] = field(default_factory=dict)

    def askings(self, check: Check) -> tuple[Origin | None, ...]:
        """The origins that `check` is asked for: each that exists; once where its needs say which, or none has any."""
        free = [need for need in check.needs if need.origin is None]
        roots = {root for need in free for root in roots_of(need.type)}
        origins = {s.origin for s in self.supplies if s.origin is not None and roots & s.provides}
        return tuple(sorted(origins)) or (None,)

    def fact(self, need: Need, origin: Origin | None) -> Any:
        """The fact that `need` asks for, or Missing."""
        return self.of(need.type, need.origin or origin)

    def of(self, kind: type, origin: Origin | None) -> Any:
        """The fact of that type for `origin`, built when it is a view; Missing where a root of it is, or Faulty."""
        key = (kind, origin)
        if key not in self._built:
            try:
                self._built[key] = self._build(kind, origin)
            except Exception as fault:  # noqa: BLE001 (one view's fault is no other's)
                self._built[key] = Faulty(f"{kind.__name__} could not be made: {type(fault).__name__}: {fault}")
        return self._built[key]

    def gaps(self, need: Need, origin: Origin | None) -> tuple[Gap, ...]:
        """What the sources under `need` could not read and might hide something of the kinds it reads."""
        wanted, kinds = need.origin or origin, kinds_of(need.type)
        return tuple(g for s in self._under(roots_of(need.type), wanted) for g in s.gaps if g.hides(kinds))

    def _under(self, roots: frozenset[type], origin: Origin | None) -> list[Supply]:
        fits = (s for s in self.supplies if s.origin is None or origin is None or s.origin is origin)
        return [s for s in fits if roots & s.provides]

    def _could_be(self, kind: type) -> bool:
        """Whether some source brings that fact. One that none ever brings is a mistake, and no reason to skip."""
        return not self.bringers or kind in self.bringers or bool(getattr(kind, "root", False))

    def _build(self, kind: type, origin: Origin | None) -> Any:
        supplies = self._under(frozenset({kind}), origin)
        parts = [s.facts[kind] for s in supplies if kind in s.facts]
        if supplies:
            if not parts:
                return Missing(kind, declared=True, gaps=tuple(g for s in supplies for g in s.gaps))
            return parts[0] if len(parts) == 1 else kind.join(parts)  # type: ignore[attr-defined]
        arguments = ingredients(kind)
        if not arguments:
            return Missing(kind, declared=False) if self._could_be(kind) else Faulty(_unknown_fact(kind))
        facts = [self.of(argument, origin) for argument in arguments]
        faulty = next((f for f in facts if isinstance(f, Faulty)), None)
        if faulty is not None:
            return faulty
        missing = [f for f in facts if isinstance(f, Missing)]
        if missing:
            return next((m for m in missing if not m.declared), missing[0])
        return kind(*facts)


def _unknown_fact(kind: type) -> str:
    view = "a view's constructor asks for facts, each by a type that can be imported where it is defined"
    return f"no source brings {kind.__module__}.{kind.__qualname__}, and it is no view of facts: {view}"


_INGREDIENTS: dict[type, tuple[type, ...]] = {}


def ingredients(kind: type) -> tuple[type, ...]:
    """The facts that the constructor of a view asks for; empty for a root fact."""
    if kind not in _INGREDIENTS:
        _INGREDIENTS[kind] = _read_ingredients(kind)
    return _INGREDIENTS[kind]


def _read_ingredients(kind: type) -> tuple[type, ...]:
    if kind.__module__ == "builtins" or getattr(kind, "root", False):
        return ()
    try:
        hints = get_type_hints(kind.__init__)  # type: ignore[misc]
        names = [n for n, p in inspect.signature(kind).parameters.items() if p.default is p.empty]
    except (NameError, TypeError, ValueError):
        return ()
    wanted = [hints.get(name) for name in names]
    if not wanted or not all(isinstance(w, type) and w.__module__ != "builtins" for w in wanted):
        return ()
    return tuple(w for w in wanted if isinstance(w, type))


def roots_of(kind: type) -> frozenset[type]:
    """The root facts that `kind` is made of; itself where it is one."""
    parts = ingredients(kind)
    return frozenset().union(*(roots_of(p) for p in parts)) if parts else frozenset({kind})


def kinds_of(kind: type) -> frozenset[str]:
    """The Kubernetes kinds that a fact reads, its ingredients' included; empty means any."""
    own: frozenset[str] = getattr(kind, "kinds", frozenset())
    return own.union(*(kinds_of(p) for p in ingredients(kind)))
