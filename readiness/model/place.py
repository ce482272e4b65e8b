"""Where something is: the most exact address its source can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from readiness.model.severity import Severity

Route = tuple[str | int, ...]
Evidence = Mapping[str, object]
_NOTHING: Evidence = {}


@dataclass(frozen=True, slots=True)
class Span:
    """A position in a text that a user can open. Lines and columns count from 1.

    `rendered` says that the line is one of the rendered output, because no line of a file is known for it.
    """

    path: str
    line: int
    column: int = 1
    rendered: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" + (" (rendered)" if self.rendered else "")


class Anchor(Protocol):
    """What a place hangs on: a Kubernetes object, a file, a tool."""

    @property
    def subject(self) -> str:
        """The name a reader knows it by, such as `Deployment shop/web` or `Dockerfile`."""

    @property
    def identity(self) -> str:
        """The subject without suffixes that a generator made, so that it is the same in the next run."""

    @property
    def origin(self) -> str:
        """`rendered`, `live`, or `` where only one origin is possible."""

    def span(self, route: Route) -> Span | None:
        """The line of `route`, or of the nearest thing above it that is written down."""

    def steady(self, route: Route) -> str:
        """`route` as text in which list items carry their names, so that moving one changes nothing."""


class Place(NamedTuple):
    """One spot on an anchor. The span is worked out when it is asked for."""

    anchor: Anchor
    route: Route = ()

    @property
    def subject(self) -> str:
        return self.anchor.subject

    @property
    def span(self) -> Span | None:
        return self.anchor.span(self.route)

    @property
    def path(self) -> str:
        return self.anchor.steady(self.route)

    def expect(
        self,
        ok: bool,
        message: str,
        *,
        severity: Severity | None = None,
        absence: tuple[str, ...] = (),
        **evidence: object,
    ) -> Finding:
        """The finding that this place is well (`ok`) or not.

        `message` says what was seen and what was wanted, true in both cases: `keeps 1, wants 2`.
        `severity` overrides the check's own for this finding. `absence` names the kinds whose absence the finding
        claims: where a gap could hide one of them, the finding proves nothing. `evidence` is what was observed.
        """
        return Finding(ok, self, message, severity, absence, evidence or _NOTHING)


class Finding(NamedTuple):
    """One thing looked at, and what was seen there. Good news is a finding too."""

    ok: bool
    place: Place
    message: str
    severity: Severity | None = None
    absence: tuple[str, ...] = ()
    evidence: Evidence = _NOTHING
