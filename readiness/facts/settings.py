"""What the settings say about the service and the environment that is being checked, and the time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from readiness.facts.texts import ThingAnchor
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The service as its settings declare it. `tier` is 1 (most important) to 3; `profile` is production, staging or
    development; `kubernetes` is the target version such as `1.34`, empty where none is declared."""

    root: ClassVar[bool] = True

    name: str
    owner: str = ""
    tier: int = 2
    environment: str = ""
    profile: str = "development"
    kubernetes: str = ""
    namespace: str = ""

    def at(self, *route: str) -> Place:
        return ThingAnchor(f"service {self.name}").at(*route)


@dataclass(frozen=True, slots=True)
class Now:
    """The time that the run is about: checks have no clock of their own."""

    root: ClassVar[bool] = True

    time: datetime

    @property
    def utc(self) -> datetime:
        return self.time.astimezone(UTC)
