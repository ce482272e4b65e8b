"""How much a finding costs, and what became of a check."""

from __future__ import annotations

from enum import Enum, StrEnum


class Severity(Enum):
    """What a bad finding means for production. `weight` is its share in the score."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def weight(self) -> int:
        return _WEIGHTS[self._value_]

    @property
    def rank(self) -> int:
        """0 for the worst; sorts findings."""
        return _RANKS[self._value_]


_WEIGHTS = {"critical": 40, "high": 15, "medium": 5, "low": 1, "info": 0}
_RANKS = {name: rank for rank, name in enumerate(_WEIGHTS)}


class Status(StrEnum):
    """What a check concluded.

    passed: it looked at something, all of it well, and no gap could hide the contrary.
    failed: at least one finding is bad and not waived.
    not_applicable: it asked, and there was nothing to look at.
    skipped: it needs a source that this environment does not declare.
    unknown: a declared source could not be read, or the check itself failed.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for the answer that wins when one check is asked of several origins."""
        return _WORST_FIRST.index(self)


_WORST_FIRST = (Status.FAILED, Status.UNKNOWN, Status.PASSED, Status.NOT_APPLICABLE, Status.SKIPPED)
