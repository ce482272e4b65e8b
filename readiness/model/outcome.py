"""What checks concluded, and what follows for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from readiness.model.check import Check
from readiness.model.gap import Gap
from readiness.model.place import Finding
from readiness.model.severity import Severity, Status


@dataclass(frozen=True, slots=True)
class Waiver:
    """A bad finding that an owner accepts for a while. `written` says where the waiver itself stands."""

    check: str
    subject: str
    reason: str
    owner: str
    expires: date
    written: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A bad finding with what became of it."""

    finding: Finding
    severity: Severity
    fingerprint: str
    waiver: Waiver | None = None
    known: bool = False  # stands in the baseline
    excused: bool = False  # known, and only new findings are judged

    @property
    def counts(self) -> bool:
        """Whether it speaks against the environment."""
        return self.waiver is None and not self.excused


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one check for one environment.

    `looked_at` and `well` count subjects, not findings: each object has one vote. `unproven` are bad findings that
    claim an absence which a gap could explain. `adopted` is False where the pinned rules are older than the check.
    """

    check: Check
    status: Status
    severity: Severity
    judged: tuple[Judged, ...] = ()
    unproven: tuple[Finding, ...] = ()
    looked_at: int = 0
    well: int = 0
    reason: str = ""
    gaps: tuple[Gap, ...] = ()
    origins: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    adopted: bool = True

    @property
    def bad(self) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.counts)

    @property
    def waived(self) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.waiver is not None)

    @property
    def share(self) -> float:
        """The share of subjects that pass, 0 to 1; a waived finding counts as passing."""
        return self.well / self.looked_at if self.looked_at else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """`value` 0 to 100, or None where nothing was evaluated; `covered` 0 to 100: the share of the weight answered.

    `uncapped` is the value before an open critical (49) or high (79) finding capped it.
    """

    value: float | None
    covered: float
    uncapped: float | None
    capped_by: Severity | None = None


class Verdict(Enum):
    """The one word. `exit_code` is what a pipeline sees."""

    READY = "READY"
    READY_WITH_WAIVERS = "READY WITH WAIVERS"
    NOT_READY = "NOT READY"
    INCOMPLETE = "INCOMPLETE"

    @property
    def exit_code(self) -> int:
        return {"NOT READY": 1, "INCOMPLETE": 3}.get(self.value, 0)


@dataclass(frozen=True, slots=True)
class Bar:
    """What an environment must reach: score and covered, 0 to 100 each."""

    score: float
    covered: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict with the reasons that decided it, worst first."""

    verdict: Verdict
    score: Score
    bar: Bar
    reasons: tuple[str, ...] = ()
