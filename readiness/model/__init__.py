"""The words every other room speaks. Standard library only."""

from readiness.model.check import (
    Check,
    Findings,
    Live,
    Need,
    Page,
    PerEnvironment,
    PerTier,
    Rendered,
    Setting,
    Stricter,
    check,
)
from readiness.model.gap import Gap, Input, Origin, Reading, Supply
from readiness.model.outcome import Answer, Bar, Judged, Outcome, Score, Verdict, Waiver
from readiness.model.place import Anchor, Evidence, Finding, Place, Route, Span
from readiness.model.severity import Severity, Status

__all__ = [
    "Anchor",
    "Answer",
    "Bar",
    "Check",
    "Evidence",
    "Finding",
    "Findings",
    "Gap",
    "Input",
    "Judged",
    "Live",
    "Need",
    "Origin",
    "Outcome",
    "Page",
    "PerEnvironment",
    "PerTier",
    "Place",
    "Reading",
    "Rendered",
    "Route",
    "Score",
    "Setting",
    "Severity",
    "Span",
    "Status",
    "Stricter",
    "Supply",
    "Verdict",
    "Waiver",
    "check",
]
