"""What a source that renders gathers on its way: objects, gaps, and what became of each chart or overlay."""

from __future__ import annotations

from dataclasses import dataclass, field

from readiness.facts.objects import Resource
from readiness.facts.writings import Writing
from readiness.model import Gap, Input, Reading


@dataclass(slots=True)
class Harvest:
    """All that one source brought so far. `namespace` is for objects that name none."""

    namespace: str
    resources: list[Resource] = field(default_factory=list)
    writings: list[Writing] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lost(self, path: str, *gaps: Gap) -> None:
        """Note that what lies at `path` was not examined; the first of `gaps` says why."""
        self.gaps += gaps
        self.inputs.append(Input(path, Reading.NOT_EXAMINED, gaps[0].cause))
