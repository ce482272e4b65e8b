"""Waivers as facts: what became of each, once every other check was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from readiness.model import Place, Route, Span


class WaiverState(StrEnum):
    """What became of a waiver."""

    USED = "used"
    UNUSED = "unused"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"  # its owner is not one of those who may
    MALFORMED = "malformed"
    IDLE = "idle"  # its check was not answered, so nothing can be said


@dataclass(frozen=True, slots=True)
class WaiverRecord:
    """One waiver. It is an anchor of its own, so that findings about it point to where it is written."""

    check: str
    about: str
    owner: str
    expires: date | None
    state: WaiverState
    written: Span
    fault: str = ""

    @property
    def subject(self) -> str:
        return f"waiver of {self.check or 'nothing'} for {self.about or 'nothing'}"

    @property
    def identity(self) -> str:
        return self.subject

    @property
    def origin(self) -> str:
        return ""

    def span(self, route: Route) -> Span | None:  # noqa: ARG002 (a waiver is one line)
        return self.written

    def steady(self, route: Route) -> str:  # noqa: ARG002
        return ""

    @property
    def at(self) -> Place:
        return Place(self)


@dataclass(frozen=True, slots=True)
class Waivers:
    """All waivers that this environment could have used."""

    root: ClassVar[bool] = True

    records: tuple[WaiverRecord, ...]

    def __iter__(self) -> Iterator[WaiverRecord]:
        return iter(self.records)
