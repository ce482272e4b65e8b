"""What a source brought, and what it could not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from readiness.model.place import Span


class Origin(StrEnum):
    """Where facts about one environment come from. One check is asked once for each that exists."""

    RENDERED = "rendered"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a declared source could not read: never a verdict, never green.

    `kinds` are the kinds it may hide; none named means that it may hide anything. `advice` says what to do.
    """

    source: str
    cause: str
    span: Span | None = None
    kinds: frozenset[str] = frozenset()
    advice: str = ""

    def hides(self, kinds: frozenset[str] | tuple[str, ...]) -> bool:
        """Whether something of `kinds` could lie in this gap. No kinds asked for means any would do."""
        return not self.kinds or not kinds or not self.kinds.isdisjoint(kinds)

    def __str__(self) -> str:
        where = f"{self.span}: " if self.span else ""
        return f"{where}{self.cause}" + (f" ({self.advice})" if self.advice else "")


class Reading(StrEnum):
    """What became of one input."""

    CHECKED = "checked"
    IGNORED = "ignored"  # by configuration, or because it is no input of this kind; the reason stands beside it
    NOT_EXAMINED = "not_examined"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a source, a file as a rule, and what became of it."""

    name: str
    reading: Reading
    reason: str = ""
    objects: int = 0


@dataclass(frozen=True, slots=True)
class Supply:
    """All that one declared source brought for one environment.

    `provides` are the facts it is there for. One that is missing from `facts` could not be had: a gap says why, and
    every check that needs it is unknown. `origin` is None for facts that belong to every origin.
    """

    source: str
    provides: frozenset[type]
    facts: Mapping[type, object] = field(default_factory=dict)
    origin: Origin | None = None
    gaps: tuple[Gap, ...] = ()
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()
