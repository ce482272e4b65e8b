"""What a run saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness_prove.load.histogram import Histogram
from readiness_prove.load.kinds import Lost, NotSent, Witnessed


@dataclass(frozen=True, slots=True)
class Release:
    """What one release answered. Instants are seconds after the start: when its first and last requests were sent, and
    when its first and last answers ended. `last_sent` bounds from below when traffic last went to it, `last_done` from
    above."""

    first_sent: float
    last_sent: float
    first_done: float
    last_done: float
    statuses: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Second:
    """One second of the run. `counts` are of what ended in it: by release (empty where none signed), then by class of
    status (`2xx`) or kind of loss. `slowest` is the largest response among them, `lag` the largest of what was sent."""

    second: int
    counts: Mapping[str, Mapping[str, int]]
    slowest: float
    lag: float


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant that somebody marked, in seconds after the start."""

    label: str
    at: float


@dataclass(frozen=True, slots=True)
class Loss:
    """One lost request. Instants are seconds after the start."""

    identity: str
    operation: str
    kind: Lost
    detail: str
    release: str
    intended: float
    sent: float
    ended: float


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections that were opened, requests that went over one used before, and connections that the server ended
    while they were idle; `unsolicited` of these said something first that nobody had asked for."""

    opened: int
    reused: int
    closed_idle: int
    unsolicited: int


@dataclass(frozen=True, slots=True)
class Result:
    """The account of one run: `planned` is `answered` and `lost` and `not_sent` together, always.

    `response` counts from the instant at which a request was due to the end of its answer, `service` from the instant
    at which it was sent; `lag`, the difference, is the generator's own. A lost request enters `response` with the
    timeout at least, as does one that was not sent because too many were in flight: what got no answer was not fast.
    `started` is an instant of the machine's monotonic clock, `started_at` the same one in seconds since 1970. `losses`
    are the first hundred. `doubts` say why the run cannot say that all is well; `saturated` that one of them is the
    generator's own slowness. `blind` are seconds in which it was so late that it could have missed what happened.
    """

    run: str
    target: str
    rate: float
    arrivals: str
    keep_alive: bool
    started: float
    started_at: float
    seconds: float
    planned: int
    answered: int
    lost: Mapping[Lost, int]
    not_sent: Mapping[NotSent, int]
    statuses: Mapping[int, int]
    releases: Mapping[str, Release]
    response: Histogram
    service: Histogram
    lag: Histogram
    timeline: tuple[Second, ...]
    marks: tuple[Mark, ...]
    losses: tuple[Loss, ...]
    connections: Connections
    cpu_seconds: float
    saturated: bool
    blind: tuple[int, ...]
    doubts: tuple[str, ...]

    @property
    def lost_total(self) -> int:
        return sum(self.lost.values())

    @property
    def testimony(self) -> Witnessed:
        """Whether a request was lost. Never "none lost" while there is a doubt."""
        if any(count for kind, count in self.lost.items() if kind is not Lost.ABANDONED):
            return Witnessed.LOST
        return Witnessed.UNKNOWN if self.doubts else Witnessed.NONE_LOST

    def to_json(self) -> dict[str, Any]:
        """The same in plain values. Times are seconds."""
        return {
            "run": self.run,
            "target": self.target,
            "rate": self.rate,
            "arrivals": self.arrivals,
            "keep_alive": self.keep_alive,
            "started": self.started,
            "started_at": self.started_at,
            "seconds": self.seconds,
            "testimony": str(self.testimony),
            "saturated": self.saturated,
            "blind": list(self.blind),
            "doubts": list(self.doubts),
            "planned": self.planned,
            "answered": self.answered,
            "lost": self.lost_total,
            "lost_kinds": {str(kind): count for kind, count in self.lost.items()},
            "not_sent": sum(self.not_sent.values()),
            "not_sent_reasons": {str(reason): count for reason, count in self.not_sent.items()},
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "releases": {name: _release(release) for name, release in self.releases.items()},
            "response": self.response.to_json(),
            "service": self.service.to_json(),
            "lag": self.lag.to_json(),
            "timeline": [_second(second) for second in self.timeline],
            "marks": [{"label": mark.label, "at": mark.at} for mark in self.marks],
            "losses": [_loss(loss) for loss in self.losses],
            "connections": {
                "opened": self.connections.opened,
                "reused": self.connections.reused,
                "closed_idle": self.connections.closed_idle,
                "unsolicited": self.connections.unsolicited,
            },
            "cpu_seconds": self.cpu_seconds,
        }


def _release(release: Release) -> dict[str, Any]:
    return {
        "first_sent": release.first_sent,
        "last_sent": release.last_sent,
        "first_done": release.first_done,
        "last_done": release.last_done,
        "statuses": {str(status): count for status, count in sorted(release.statuses.items())},
    }


def _second(second: Second) -> dict[str, Any]:
    counts = {release: dict(classes) for release, classes in second.counts.items()}
    return {"second": second.second, "counts": counts, "slowest": second.slowest, "lag": second.lag}


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "id": loss.identity,
        "operation": loss.operation,
        "kind": str(loss.kind),
        "detail": loss.detail,
        "release": loss.release,
        "intended": loss.intended,
        "sent": loss.sent,
        "ended": loss.ended,
    }
