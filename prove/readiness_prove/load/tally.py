"""Keeps account of every request while a run goes on, and closes the account at its end."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from readiness_prove.load.answer import Answer
from readiness_prove.load.connection import Exchange
from readiness_prove.load.histogram import Histogram
from readiness_prove.load.kinds import Lost, NotSent
from readiness_prove.load.plan import Plan
from readiness_prove.load.record import Record
from readiness_prove.load.result import Loss, Mark, Release, Second

_MOST_LOSSES = 100
_MOST_RELEASES = 64
_LONGEST_RELEASE = 128
_OTHERS = "(others)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Miscounted(Exception):
    """A request was accounted for twice or not at all: a fault of the generator, never of the server."""


@dataclass(slots=True)
class _Second:
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: float = 0.0
    lag: float = 0.0


@dataclass(slots=True)
class _Release:
    first_sent: float
    last_sent: float
    first_done: float
    last_done: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)


class Tally:
    """The account of a run that began at `started`. Written by the run; other threads may read `counts` and mark."""

    def __init__(self, plan: Plan, record: Record | None, started: float) -> None:
        self._plan, self._record, self.started = plan, record, started
        self._lock = threading.Lock()
        self._seconds: dict[int, _Second] = {}
        self._releases: dict[str, _Release] = {}
        self._names: set[str] = set()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._release_header, self._echo_header = plan.release_header.lower(), plan.echo_header.lower()
        self.answers = 0
        self.losts: Counter[Lost] = Counter()
        self.unsent: Counter[NotSent] = Counter()
        self.statuses: Counter[int] = Counter()
        self.response, self.service, self.lag = Histogram(), Histogram(), Histogram()
        self.losses: list[Loss] = []
        self.marks: list[Mark] = []

    def answered(self, exchange: Exchange, answer: Answer, now: float) -> None:
        """A whole answer came. It may still be one that nobody should have given."""
        release = self._release(answer)
        if self._release_header and not release and answer.status >= 500:
            self._lose(exchange, Lost.GATEWAY, f"status {answer.status}, signed by no release", "", now, answer.status)
        elif self._echo_header and answer.headers.get(self._echo_header, "") != exchange.identity:
            found = answer.headers.get(self._echo_header)
            detail = "the answer carries no id" if found is None else "the answer carries the id of another request"
            self._lose(exchange, Lost.WRONG, detail, release, now, answer.status)
        else:
            self._answer(exchange, answer.status, release, now)

    def lost(self, exchange: Exchange, kind: Lost, detail: str, answer: Answer, now: float) -> None:
        """No whole answer came."""
        self._lose(exchange, kind, detail, self._release(answer), now, answer.status)

    def not_sent(self, exchange: Exchange, reason: NotSent) -> None:
        """It never left."""
        with self._lock:
            self._once(exchange)
            self.unsent[reason] += 1
            if reason is NotSent.IN_FLIGHT:
                self.response.add(self._plan.timeout)
        if self._record:
            self._record.write(exchange, ended=monotonic(), not_sent=reason)

    def never_due(self, count: int) -> None:
        """So many were planned for after the end of the run."""
        with self._lock:
            self.unsent[NotSent.STOPPED] += count

    def mark(self, label: str) -> None:
        """Mark this instant."""
        with self._lock:
            self.marks.append(Mark(label, monotonic() - self.started))

    def counts(self) -> tuple[int, int, int, dict[tuple[str, str], int]]:
        """How many were answered, lost and not sent so far, and how many ended so, by release and class."""
        with self._lock:
            return self.answers, self.losts.total(), self.unsent.total(), dict(self._counts)

    def check(self, planned: int) -> None:
        """Raises Miscounted unless each planned request was accounted for."""
        found = self.answers + self.losts.total() + self.unsent.total()
        if found != planned:
            raise Miscounted(f"{planned} requests were planned, {found} accounted for")

    def timeline(self) -> tuple[Second, ...]:
        """All seconds of the run up to the last in which something happened."""
        last = max(self._seconds, default=-1)
        empty = _Second()
        return tuple(
            Second(at, {name: dict(counts) for name, counts in second.counts.items()}, second.slowest, second.lag)
            for at in range(last + 1)
            for second in [self._seconds.get(at, empty)]
        )

    def releases(self) -> dict[str, Release]:
        """What each release answered, in the order in which they were first seen."""
        return {
            name: Release(seen.first_sent, seen.last_sent, seen.first_done, seen.last_done, dict(seen.statuses))
            for name, seen in self._releases.items()
        }

    def _answer(self, exchange: Exchange, status: int, release: str, now: float) -> None:
        sent, done = exchange.sent - self.started, now - self.started
        with self._lock:
            self._once(exchange)
            self.answers += 1
            self.statuses[status] += 1
            self.service.add(now - exchange.sent)
            self._ended(exchange, release, f"{status // 100}xx", now, now - exchange.intended)
            if self._release_header:
                seen = self._releases.get(release)
                if seen is None:
                    seen = self._releases[release] = _Release(sent, sent, done)
                seen.first_sent, seen.last_sent = min(seen.first_sent, sent), max(seen.last_sent, sent)
                seen.last_done = done
                seen.statuses[status] += 1
        if self._record:
            self._record.write(exchange, ended=now, status=status, release=release)

    def _lose(self, exchange: Exchange, kind: Lost, detail: str, release: str, now: float, status: int) -> None:
        response = now - exchange.intended
        if kind is not Lost.ABANDONED:
            response = max(response, self._plan.timeout)
        with self._lock:
            self._once(exchange)
            self.losts[kind] += 1
            self._ended(exchange, release, kind, now, response)
            if len(self.losses) < _MOST_LOSSES:
                intended, sent, ended = (at - self.started for at in (exchange.intended, exchange.sent, now))
                title = exchange.chosen.title
                self.losses.append(Loss(exchange.identity, title, kind, detail, release, intended, sent, ended))
        if self._record:
            self._record.write(exchange, ended=now, status=status, release=release, lost=kind, detail=detail)

    def _once(self, exchange: Exchange) -> None:
        if exchange.accounted:
            raise Miscounted(f"request {exchange.identity} ended twice")
        exchange.accounted = True

    def _ended(self, exchange: Exchange, release: str, what: str, now: float, response: float) -> None:
        lag = exchange.sent - exchange.intended
        self.lag.add(lag)
        self.response.add(response)
        self._counts[release, what] += 1
        second = self._second(now)
        second.counts.setdefault(release, Counter())[what] += 1
        second.slowest = max(second.slowest, response)
        begun = self._second(exchange.intended)
        begun.lag = max(begun.lag, lag)

    def _second(self, instant: float) -> _Second:
        at = int(instant - self.started)
        found = self._seconds.get(at)
        if found is None:
            found = self._seconds[at] = _Second()
        return found

    def _release(self, answer: Answer) -> str:
        if not self._release_header:
            return ""
        name = _CONTROL.sub("", answer.headers.get(self._release_header, ""))[:_LONGEST_RELEASE]
        if name not in self._names and len(self._names) >= _MOST_RELEASES:
            return _OTHERS
        self._names.add(name)
        return name
