"""The few doors through which a rollout touches the world. Each has one real adapter for each target, and a simulator.

What every door promises: a call ends in bounded time; it is idempotent; where the outcome is not known it raises Lost,
and the caller looks again instead of repeating blindly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from readiness_deploy.record import Record, Release
from readiness_deploy.states import Colour


class Refusal(Exception):
    """The world said no, or nothing. The text is for a person and holds no secret."""


class Conflict(Refusal):
    """A conditional write met another generation than it expected. Nothing was written."""


class Fenced(Refusal):
    """A later epoch exists. Nothing was written, and nothing that this process writes will be accepted."""


class Lost(Refusal):
    """No reply: the effect may have happened or not."""


class Illegal(Refusal):
    """The server of the record refuses a write that would break a promise, such as selecting what is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock, for the message that others get."""

    by: str
    host: str
    pid: int
    run: str
    since: str
    guard: bool = False


class Busy(Refusal):
    """Somebody else holds the lock and lives."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder.by} on {holder.host} (process {holder.pid}) holds the lock since {holder.since}")
        self.holder = holder


class Standing(StrEnum):
    """How a colour stands."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    UNREADY = "unready"  # was ready, and is not now
    DEAD = "dead"  # ended, or never came up; it is not started again by itself before the switch
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourView:
    """What is so about one slot. `probes` counts readiness probes, `streak` the good ones in a row up to now;
    `ready_for` is seconds of uninterrupted readiness. `why` says in words what is wrong."""

    release: str = ""
    standing: Standing = Standing.ABSENT
    restarts: int = 0
    probes: int = 0
    streak: int = 0
    ready_for: float = 0.0
    in_flight: int = 0
    why: str = ""

    @property
    def ready(self) -> bool:
        return self.standing is Standing.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asks of a run that somebody else carries out: `promote`, `rollback`, `abort`."""

    kind: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is, at one moment. `actual` is what the route really selects; it equals the record unless somebody else
    wrote. `baked` is seconds since the bake began, by the clock of who holds the record."""

    record: Record
    actual: frozenset[Colour]
    colours: Mapping[Colour, ColourView]
    baked: float = 0.0
    guard: bool = False  # a guard exists on this target and carries out what follows the commit point
    request: Request | None = None


class Route(Protocol):
    """The record and the route, which are one thing."""

    def observe(self) -> Observation:
        """What is. Raises Lost where it cannot be seen: an unreadable world is not an empty one."""
        ...

    def write(self, record: Record) -> None:
        """Replace the record, and the route with it, in one step: only if the record that is there has the generation
        before this one, and the epoch of this process is still the latest. Raises Conflict, Fenced, Illegal, Lost."""
        ...


class Colours(Protocol):
    """The two slots."""

    def start(self, colour: Colour, release: Release) -> None:
        """Have this release run in this slot; nothing to do where it does. Whatever else runs there is ended first.
        A slot that the route selects is refused (Illegal). Raises Fenced, Lost."""
        ...

    def stop(self, colour: Colour) -> None:
        """Drain and end what runs in this slot. Refused for a selected slot (Illegal). Raises Fenced, Lost."""
        ...

    def retire(self, colour: Colour, after: float) -> None:
        """The same, when `after` seconds have passed and nobody needed the slot. Raises Fenced, Lost."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaView:
    """What the database says: ids applied (oldest first), and the contract migrations among them, which are the floor.
    A release that does not know each id of the floor must not run on it."""

    applied: tuple[str, ...] = ()
    floor: tuple[str, ...] = ()


class Patience(Refusal):
    """The database had no lock to give within its time limits. Nothing was changed; another attempt may succeed."""


class Unfit(Refusal):
    """A migration failed, or may not be applied. What was applied before it stays."""


class Schema(Protocol):
    """The database of the service. Where a service has none, a schema without migrations."""

    def observe(self) -> SchemaView:
        """What is applied. Raises Lost where the database cannot be asked."""
        ...

    def claim(self) -> None:
        """Tell the database the epoch of this process, so that whoever holds an earlier one is refused from here on, be
        it in the middle of its work. Raises Patience, Unfit, Fenced, Lost."""
        ...

    def apply(self, migration: str) -> None:
        """Apply one migration, once, together with its row in the ledger, if this process' epoch is still the latest.
        Nothing to do where it is applied. Raises Patience, Unfit, Fenced, Lost."""
        ...


class Verdict(StrEnum):
    """What gates say."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One look of one gate, as others can read it again. `n` is samples behind the value, `who` whom it measured."""

    gate: str
    verdict: Verdict
    at: str
    query: str
    window: float
    who: str
    value: float | None = None
    threshold: str = ""
    n: int | None = None
    why: str = ""


class Series(Protocol):
    """Gates at work on one release."""

    def poll(self) -> Verdict | None:
        """The verdict of all gates together, or None while it is open. Never blocks; call it again and again."""
        ...

    def finish(self) -> Verdict:
        """The verdict at the end of the time there is: what is open is inconclusive. No later measurement counts."""
        ...

    def why(self) -> str:
        """What decided it, in a sentence."""
        ...

    def close(self) -> None:
        """Stop measuring."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom gates measure. `before` is true while no traffic goes there; `since` is seconds since it was selected."""

    release: Release
    colour: Colour
    before: bool
    duration: float
    since: float = 0.0


class Gates(Protocol):
    """What watches a release."""

    def begin(self, gates: Sequence[Mapping[str, Any]], subject: Subject) -> Series:
        """Start to measure. An empty list of gates passes at once."""
        ...


class Entry(Protocol):
    """The door that users come through."""

    def identity(self) -> str:
        """The release id that one request through the real entry came back with; empty where none answered."""
        ...


class Clock(Protocol):
    """Time, and the only place where a run waits."""

    def now(self) -> float:
        """Seconds that never go back. For durations only."""
        ...

    def stamp(self) -> str:
        """Date and time in UTC (RFC 3339), for people."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Interrupts(Protocol):
    """Whether this process was asked to stop."""

    def pending(self) -> str:
        """Why, in a word, such as `SIGINT`; empty where nothing was asked."""
        ...


class Journal(Protocol):
    """Who is told what happens. A journal may be lost at any moment: it never raises."""

    def note(self, what: str, **details: Any) -> None:
        """One event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All doors together, and who looks through them. `guarding` is true for the guard itself."""

    route: Route
    colours: Colours
    schema: Schema
    gates: Gates
    entry: Entry
    clock: Clock
    journal: Journal
    interrupts: Interrupts
    guarding: bool = False
    detach: bool = False
