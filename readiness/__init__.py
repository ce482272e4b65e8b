"""Says whether an environment is ready for production, and why: the front door for checks and for callers."""

from readiness.model import (
    Check,
    Finding,
    Findings,
    Live,
    PerEnvironment,
    PerTier,
    Place,
    Rendered,
    Severity,
    Span,
    Status,
    Stricter,
    check,
)

__all__ = [
    "Check",
    "Finding",
    "Findings",
    "Live",
    "PerEnvironment",
    "PerTier",
    "Place",
    "Rendered",
    "Severity",
    "Span",
    "Status",
    "Stricter",
    "check",
]
