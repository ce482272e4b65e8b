"""What HAProxy counted of each colour, and the window that gates ask for.

It counts requests and not how long each of them took: quantiles are not known, and gates that want one cannot tell.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from readiness_deploy.keeper.traffic import LONGEST_WINDOW
from readiness_deploy.states import COLOURS, Colour

_EACH = 0.5
_STALE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of one colour, since one HAProxy began. `errors` are 5xx that the colour said, `no_answer` those that HAProxy
    said in its place, `cut` requests that the colour broke off, `left` those whose clients did, or went away first.
    Both of these may have had an answer all the same, and one request may be in both; `statusless` had none."""

    requests: int = 0
    statusless: int = 0
    errors: int = 0
    no_answer: int = 0
    cut: int = 0
    left: int = 0
    retried: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    ok: int = 0
    redirected: int = 0
    refused: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)})


@dataclass(frozen=True, slots=True)
class Row:
    """One colour at one moment: its counts, what is in flight, and where HAProxy believes it to be."""

    counts: Counts
    in_flight: int
    address: str


def rows(stat: str) -> dict[Colour, Row]:
    """What `show stat` says of the colours. Raises ValueError for what is no such answer."""
    found = {(line.get("# pxname"), line.get("svname")): line for line in csv.DictReader(stat.splitlines())}
    try:
        return {c: _row(found[c, "BACKEND"], found[c, c]) for c in COLOURS}
    except KeyError as fault:
        raise ValueError(f"HAProxy's counts lack {fault}") from None


def _row(backend: Mapping[str, str], server: Mapping[str, str]) -> Row:
    def of(line: Mapping[str, str], name: str) -> int:
        return int(line.get(name) or 0)

    total = sum(of(backend, f"hrsp_{kind}") for kind in ("1xx", "2xx", "3xx", "4xx", "5xx", "other"))
    # A server's own statuses are counted with the head of an answer, a backend's with its end.
    said = min(of(server, "hrsp_5xx"), of(backend, "hrsp_5xx"))
    return Row(
        Counts(
            requests=total,
            statusless=of(backend, "hrsp_other"),
            errors=said,
            no_answer=of(backend, "hrsp_5xx") - said,
            cut=of(backend, "srv_abrt"),
            left=of(backend, "cli_abrt"),
            retried=of(backend, "wretr") + of(backend, "wredis"),
            bytes_in=of(backend, "bin"),
            bytes_out=of(backend, "bout"),
            ok=of(backend, "hrsp_2xx"),
            redirected=of(backend, "hrsp_3xx"),
            refused=of(backend, "hrsp_4xx"),
        ),
        of(backend, "scur") + of(backend, "qcur"),
        server.get("addr", ""),
    )


class Window:
    """Samples of one colour over the last hour. Those of a HAProxy that ended are kept as what was before."""

    def __init__(self) -> None:
        self._before = Counts()
        self._last = Counts()
        self._samples: deque[tuple[float, Counts]] = deque()
        self._latest: float | None = None
        self.in_flight = 0

    def add(self, now: float, row: Row) -> None:
        """One look."""
        self._last, self.in_flight, self._latest = row.counts, row.in_flight, now
        if not self._samples or now - self._samples[-1][0] >= _EACH:
            self._samples.append((now, self._total()))
        while self._samples[0][0] < now - LONGEST_WINDOW - 1:
            self._samples.popleft()

    def ended(self) -> None:
        """HAProxy ended: the next one counts from 0."""
        self._before, self._last, self.in_flight = self._total(), Counts(), 0

    def counts(self) -> dict[str, int]:
        """Since the first HAProxy began, in the words of Traffic."""
        seen = self._total()
        return {
            "requests": seen.requests, "2xx": seen.ok, "3xx": seen.redirected, "4xx": seen.refused, "5xx": seen.errors,
            "no_answer": seen.no_answer, "cut": seen.cut, "left": seen.left, "retried": seen.retried,
            "bytes_in": seen.bytes_in, "bytes_out": seen.bytes_out, "in_flight": self.in_flight,
        }  # fmt: skip

    def over(self, now: float, seconds: float) -> dict[str, Any]:
        """The last so many seconds, in the words of Traffic; empty where nobody could look.

        In doubt against the release: `cut` can include refusals that closed before the body was read, since for
        HAProxy they differ in nothing from answers that broke off.
        """
        if self._latest is None or now - self._latest > _STALE:
            return {}
        first = self._samples[0][1]
        for at, counts in self._samples:
            if at > now - seconds:
                break
            first = counts
        last = self._total()
        # Who left and has a status was answered.
        n = max(0, last.requests - first.requests - min(last.left - first.left, last.statusless - first.statusless))
        errors = min(n, max(0, last.errors - first.errors))
        silent = last.no_answer + last.cut - first.no_answer - first.cut
        return {
            "n": n, "errors": errors, "no_answer": min(n - errors, max(0, silent)),
            "p50": None, "p95": None, "p99": None, "max": None, "quantiles": {},
        }  # fmt: skip

    def _total(self) -> Counts:
        return self._before.plus(self._last)
