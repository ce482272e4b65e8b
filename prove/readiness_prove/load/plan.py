"""What load is to be made."""

from __future__ import annotations

import math
import secrets
from array import array
from dataclasses import dataclass, field
from enum import StrEnum

from readiness_prove.load.kinds import BadPlan
from readiness_prove.load.request import Mix, Request, is_token
from readiness_prove.load.schedule import constant, poisson
from readiness_prove.load.target import Target

_MOST_PLANNED = 10_000_000
_FASTEST = 100_000.0


class Arrivals(StrEnum):
    """How requests come: evenly, or independently of each other."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True)
class Plan:
    """A load that is bounded by time and by number. Times are seconds. Raises BadPlan for what cannot be done.

    `rate` is arrivals a second, for `seconds` and for `most` requests at most. `connections` are what a keep-alive run
    holds open at least, so that some of them were idle for a while; it opens more when answers are slow.
    `release_header` names the header by which an answer says which release gave it; with it, a 5xx that no release
    signed is a lost request. `echo_header` names the header in which the server gives the id of the request back.
    `lag_bound` is how late the generator itself may be (99th percentile) before it is called saturated. `run` begins
    the ids of the requests; it is made up where it is not given.
    """

    target: Target
    rate: float = 10.0
    seconds: float = 10.0
    most: int | None = None
    requests: tuple[Request, ...] = ()
    arrivals: Arrivals = Arrivals.CONSTANT
    seed: int = 1
    keep_alive: bool = True
    connections: int = 8
    timeout: float = 10.0
    connect_timeout: float = 3.0
    max_in_flight: int = 10_000
    lag_bound: float = 0.05
    id_header: str = "X-Request-Id"
    release_header: str = ""
    echo_header: str = ""
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __post_init__(self) -> None:
        for name in ("rate", "seconds", "timeout", "connect_timeout", "lag_bound"):
            value = getattr(self, name)
            if not math.isfinite(value) or value <= 0:
                raise BadPlan(f"{name}: wanted a number above 0, found {value:g}")
        for name in ("most", "connections", "max_in_flight"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise BadPlan(f"{name}: wanted 1 at least, found {number}")
        if self.rate > _FASTEST or min(self.rate * self.seconds, self.most or math.inf) > _MOST_PLANNED:
            raise BadPlan(
                f"wanted {_FASTEST:,.0f} requests a second and {_MOST_PLANNED:,} in all at most, "
                f"found {self.rate:g}/s for {self.seconds:g} s: make the run shorter or slower"
            )
        if not is_token(self.run):
            raise BadPlan(f"run: wanted letters, digits and dashes, found {self.run!r}")
        for name in ("id_header", "release_header", "echo_header"):
            if not is_token(getattr(self, name) or "-") or (name == "id_header" and not self.id_header):
                raise BadPlan(f"{name}: wanted the name of a header, found {getattr(self, name)!r}")
        self.mix()

    def mix(self) -> Mix:
        """What chooses the operations, from its beginning."""
        return Mix(
            self.requests or (Request(path=self.target.path),),
            host=self.target.host,
            id_header=self.id_header,
            keep_alive=self.keep_alive,
            seed=self.seed,
        )

    def due(self) -> array[float]:
        """When each request is due, in seconds after the start."""
        if self.arrivals is Arrivals.POISSON:
            return poisson(self.rate, self.seconds, self.most or _MOST_PLANNED, self.seed)
        return constant(self.rate, self.seconds, self.most or _MOST_PLANNED)
