"""What a deed is, and what it says came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from readiness_deploy.ports import World
from readiness_deploy.record import Intent
from readiness_deploy.states import Event

TICK = 0.05
"""Seconds between two looks of a deed that waits."""


@dataclass(frozen=True, slots=True)
class Did:
    """What came of a deed, and why."""

    event: Event
    why: str = ""


OK = Did(Event.OK)
Deed = Callable[[World, Intent | None, str], Did]
