"""What a scenario decides beforehand: how releases behave, what their gates say, and which migrations there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from readiness_deploy.ports import Verdict
from readiness_deploy.record import Release

Kind = Literal["expand", "contract"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one release behaves. Times are seconds.

    `ready_after` counts from its start (None: never); `crash_after` from its start; `fails_after` from the moment that
    the route selects it: from then on it answers no probe. `unfit_for` are migrations on which it is not ready.
    `answers` is what it says it is, where that is not its id. `before` and `after` are what its gates come to, after
    `gate_takes` seconds; None is a gate that stays open. `later` is what they come to when they are begun a second time
    for the same process, where it differs. `limps` leaves it ready, restarting once a second when selected.
    """

    ready_after: float | None = 0.3
    crash_after: float | None = None
    fails_after: float | None = None
    unfit_for: frozenset[str] = frozenset()
    answers: str | None = None
    before: Verdict | None = Verdict.PASS
    after: Verdict | None = Verdict.PASS
    later: Verdict | None = None
    gate_takes: float = 0.3
    limps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The world's part. `migrations` says of which kind each is; `broken` are those that fail, `locked` how often the
    database has no lock to give for one."""

    releases: Mapping[str, Behaviour] = field(default_factory=dict)
    migrations: Mapping[str, Kind] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    locked: Mapping[str, int] = field(default_factory=dict)
    drain: float = 0.2
    propagation: float = 0.1

    def of(self, release: str) -> Behaviour:
        """How this release behaves; well, where nothing is said."""
        return self.releases.get(release, Behaviour())


def release(name: str, *migrations: str, data_unsafe: bool = False) -> Release:
    """A release of this name."""
    return Release(id=name, version=name, migrations=migrations, data_unsafe=data_unsafe)
