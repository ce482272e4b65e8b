"""Exit codes, the same for all verbs."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a pipeline sees."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    ABORTED = 4
    ROLLED_BACK = 5
    HELD = 6
    REFUSED = 7
    DETACHED = 8
    INTERNAL = 70
    BUSY = 75


def worst(codes: list[int]) -> int:
    """The code of several verdicts together: not ready beats incomplete, and that beats ready."""
    return next((code for code in (Exit.FAILED, Exit.INCOMPLETE) if code in codes), Exit.OK)
