"""Makes the load: sends each request when it is due, whatever became of those before it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness_prove.load.client import Client
from readiness_prove.load.connection import Exchange
from readiness_prove.load.kinds import Lost, NotSent
from readiness_prove.load.plan import Plan
from readiness_prove.load.record import Record
from readiness_prove.load.result import Connections, Result
from readiness_prove.load.tally import Tally

_AT_ONCE = 100  # as many overdue requests are sent before answers are looked at again
_LOOK_FOR_FILE = 0.05


@dataclass(frozen=True, slots=True)
class Live:
    """A run as it stands `at` seconds after its start. `counts` are by release and class, as those of a `Second`."""

    at: float
    planned: int
    due: int
    in_flight: int
    answered: int
    lost: int
    not_sent: int
    counts: Mapping[tuple[str, str], int]
    ended: bool


class Load:
    """One run of a plan. `record` is where each request is written down; the run ends early when `until` exists.

    Other threads and signal handlers may call `stop`; other threads may call `mark` and `live`.
    """

    def __init__(self, plan: Plan, *, record: Path | None = None, until: Path | None = None) -> None:
        self._plan, self._until = plan, until
        self._due, self._mix = plan.due(), plan.mix()
        self._record = Record(record) if record else None
        self._next = 0
        self._stopping = self._at_once = self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tally: Tally | None = None
        self._client: Client | None = None

    def run(self) -> Result:
        """Make the load and wait for its last answer. To be called once; nothing of the server's raises."""
        return asyncio.run(self._go())

    def stop(self, *, at_once: bool = False) -> None:
        """Send no further request; `at_once` also waits for no further answer."""
        self._stopping, self._at_once = True, self._at_once or at_once
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: there is nothing left to stop
                self._loop.call_soon_threadsafe(self._pace)

    def mark(self, label: str) -> None:
        """Mark this instant in the result. Before the run it does nothing: there is no instant to name yet."""
        if self._tally is not None:
            self._tally.mark(label)

    def live(self) -> Live:
        """How the run stands."""
        tally, client = self._tally, self._client
        if tally is None or client is None:
            return Live(0.0, len(self._due), 0, 0, 0, 0, 0, {}, self._ended)
        at, in_flight, due = time.monotonic() - tally.started, client.in_flight, self._next
        answered, lost, not_sent, counts = tally.counts()
        return Live(at, len(self._due), due, in_flight, answered, lost, not_sent, counts, self._ended)

    async def _go(self) -> Result:
        plan, loop = self._plan, asyncio.get_running_loop()
        self._over: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(self._broken)
        cpu, started_at, started = time.process_time(), time.time(), loop.time()
        tally = self._tally = Tally(plan, self._record, started)
        client = self._client = Client(
            loop, plan.target, tally, keep_alive=plan.keep_alive, connections=plan.connections,
            timeout=plan.timeout, connect_timeout=plan.connect_timeout,
        )  # fmt: skip
        client.idle_waiter = self._perhaps_over
        self._loop = loop
        try:
            self._pace()
            self._look_for_file()
            await self._over
        finally:
            self._ended = True
            client.close()
            if self._record:
                self._record.close()
        tally.check(len(self._due))
        return self._result(tally, client, started_at, loop.time() - started, time.process_time() - cpu)

    def _pace(self) -> None:
        """Send what is due, and come back when the next one is."""
        loop, tally, due = self._loop, self._tally, self._due
        assert loop is not None, "it is called by the loop"  # noqa: S101
        assert tally is not None, "the account was opened before"  # noqa: S101
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now, sent = loop.time(), 0
        while self._next < len(due) and not self._stopping and sent < _AT_ONCE:
            intended = tally.started + due[self._next]
            if intended > now:
                break
            self._send(tally, intended)
            sent += 1
        if self._stopping:
            self._end_early(tally)
        elif self._next < len(due):
            self._timer = loop.call_at(max(tally.started + due[self._next], now), self._pace)
        self._perhaps_over()

    def _send(self, tally: Tally, intended: float) -> None:
        client, number = self._client, self._next
        assert client is not None, "the client was made before"  # noqa: S101
        self._next += 1
        exchange = Exchange(number, f"{self._plan.run}-{number}", self._mix.choose(), intended)
        if client.in_flight >= self._plan.max_in_flight:
            tally.not_sent(exchange, NotSent.IN_FLIGHT)
        else:
            client.send(exchange)

    def _end_early(self, tally: Tally) -> None:
        tally.never_due(len(self._due) - self._next)
        self._next = len(self._due)
        if self._at_once and self._client is not None:
            self._client.abandon()

    def _perhaps_over(self) -> None:
        nothing = self._client is None or self._client.in_flight == 0
        if nothing and self._next >= len(self._due) and not self._over.done():
            self._over.set_result(None)

    def _look_for_file(self) -> None:
        if self._until is None or self._loop is None or self._ended:
            return
        if self._until.exists():
            self.stop()
        else:
            self._loop.call_later(_LOOK_FOR_FILE, self._look_for_file)

    def _broken(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A fault of our own ends the run: a witness that goes on after one is none."""
        fault = context.get("exception") or RuntimeError(str(context.get("message")))
        if not self._over.done():
            self._over.set_exception(fault)

    def _result(self, tally: Tally, client: Client, started_at: float, seconds: float, cpu: float) -> Result:
        plan, timeline = self._plan, tally.timeline()
        saturated = _slowness(plan, tally)
        return Result(
            run=plan.run, target=plan.target.url, rate=plan.rate, arrivals=plan.arrivals, keep_alive=plan.keep_alive,
            started=tally.started, started_at=started_at, seconds=seconds, planned=len(self._due),
            answered=tally.answers, lost=dict(tally.losts), not_sent={k: n for k, n in tally.unsent.items() if n},
            statuses=dict(tally.statuses), releases=tally.releases(),
            response=tally.response, service=tally.service, lag=tally.lag,
            timeline=timeline, marks=tuple(tally.marks), losses=tuple(tally.losses),
            connections=Connections(client.opened, client.reused, client.closed_idle, client.unsolicited),
            cpu_seconds=cpu, saturated=bool(saturated),
            blind=tuple(second.second for second in timeline if second.lag > plan.lag_bound),
            doubts=(*saturated, *_other_doubts(tally, self._record)),
        )  # fmt: skip


def _slowness(plan: Plan, tally: Tally) -> list[str]:
    """Why the generator did not keep its schedule."""
    found = []
    late = tally.lag.percentile(99)
    if late is not None and late > plan.lag_bound:
        found.append(f"the generator was late: lag p99 {late * 1e3:.1f} ms, wanted {plan.lag_bound * 1e3:g} ms at most")
    found += [
        f"{count} requests were not sent: {reason}"
        for reason, count in tally.unsent.items()
        if count and reason is not NotSent.STOPPED
    ]
    return found


def _other_doubts(tally: Tally, record: Record | None) -> list[str]:
    found = []
    if not tally.answers and not tally.losts:
        found.append("no request was sent")
    if abandoned := tally.losts[Lost.ABANDONED]:
        found.append(f"{abandoned} requests were in flight when the generator was stopped at once")
    if record and record.fault:
        found.append(record.fault)
    return found
