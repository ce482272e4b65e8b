"""The record beside the route: one document, written by conditional replacement only. It is the commit point.

On one machine it is the keeper's route file; in a cluster it is an annotation of the Service whose selector it decides,
so that what is served and what is recorded cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from readiness_deploy.states import Colour, Goal, Phase

FORMAT = 1
LARGEST = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version with its settings, fit to be run. `id` is its identity everywhere; `version` is what people call it.

    `migrations` are the ids of all migrations that this release knows, oldest first. `details` belong to the adapter
    that runs it.
    """

    id: str
    version: str
    migrations: tuple[str, ...] = ()
    data_unsafe: bool = False
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bake:
    """How long a new release is watched, and what is done when the gates cannot tell. Durations in seconds."""

    seconds: float = 60.0
    on_no_data: str = "rollback"
    converge: float = 60.0
    identities: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a run means to do. Written before its first effect, so that any later process can finish it.

    `expand` are the ids of the migrations that it applies; `before` and `after` the settings of its gates, as the
    settings file spells them; `plan` the hash that an approval binds to. `doubt` says what the gates could not tell,
    and `despite` the reason for which somebody accepted that. `proves` says that the release that served was ready when
    the run began, so that it can show that the new schema does not harm it. `notify` are the settings of those who are
    told, by reference where they are secret; `service` and `environment` what they are told about, `root` the folder of
    the settings. `displaced` is the release whose slot the candidate takes over at the switch.
    """

    run: str
    goal: Goal
    release: Release
    colour: Colour
    plan: str = ""
    by: str = ""
    at: str = ""
    reason: str = ""
    expand: tuple[str, ...] = ()
    approval: str = "none"  # none, required, given
    approved_by: str = ""
    doubt: str = ""
    despite: str = ""
    notify: tuple[dict[str, Any], ...] = ()
    service: str = ""
    environment: str = ""
    root: str = ""
    before: tuple[dict[str, Any], ...] = ()
    after: tuple[dict[str, Any], ...] = ()
    bake: Bake = Bake()
    keep: float = 600.0
    ready_within: float = 60.0
    min_ready: float = 1.0
    verdict: str = ""
    proves: bool = True
    upon: str | None = None  # the release that the plan found serving, empty for none; None where it does not matter
    displaced: Release | None = None
    ending: str = ""  # why the run is being taken back; empty while it goes forward
    ends_as: str = ""  # aborted, refused, superseded


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the last run ended."""

    run: str
    release: str
    version: str
    outcome: str  # deployed, aborted, refused, superseded, rolled-back
    reason: str = ""
    at: str = ""
    by_request: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Nobody deploys until it is lifted. A rollback is never frozen."""

    reason: str
    owner: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What serves, what served before, and what is in flight.

    `generation` rises with each write, `epoch` with each taking of the lock. `slots` says which release each colour
    was last given; one that was gone back from is not in it any more. `previous` is the way back: set while the old
    colour is kept.
    """

    format: int = FORMAT
    generation: int = 0
    epoch: int = 0
    phase: Phase = Phase.STABLE
    selected: Colour | None = None
    previous: Colour | None = None
    slots: dict[Colour, Release] = field(default_factory=dict)
    intent: Intent | None = None
    last: Ending | None = None
    freeze: Freeze | None = None
    retire_after: float | None = None
    floor: tuple[str, ...] = ()
    held: str = ""

    def serving(self) -> Release | None:
        """The release that the route selects."""
        return self.slots.get(self.selected) if self.selected else None

    def serves_last(self) -> bool:
        """Whether the release of the last run is the one that serves: that is where also a rollback may have led."""
        serving = self.serving()
        return self.last is not None and serving is not None and self.last.release == serving.id

    def but(self, **changes: Any) -> Record:
        """This record with some fields changed and the next generation."""
        return replace(self, generation=self.generation + 1, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Record):
    """The record as people see it, and never written: a release that has gone meanwhile does not stand by. `unwell`
    says how what is selected stands instead of ready, and why; `cure` is the command that mends it, where one is known.
    """

    unwell: str = ""
    cure: str = ""


class Unreadable(Exception):
    """A record that cannot be read; the text says what was wanted and what was found."""


def encode(record: Record) -> bytes:
    """The record as one line of JSON."""
    return msgspec.json.encode(record)


def decode(text: bytes) -> Record:
    """The record in this text. Raises Unreadable; a record of a later format is never guessed at."""
    try:
        head = msgspec.json.decode(text, type=_Head)
        if head.format != FORMAT:
            raise Unreadable(
                f"wanted a record of format {FORMAT}, found format {head.format}: a newer readiness wrote it"
            )
        return msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Unreadable(f"wanted a record of a rollout, found something else: {fault}") from None


@dataclass(frozen=True, slots=True)
class _Head:
    format: int
