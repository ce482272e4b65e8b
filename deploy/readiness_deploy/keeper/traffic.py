"""What the keeper saw of one colour: counts since it began to look, and a window of the last hour for gates."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

LONGEST_WINDOW = 3600
_EXACT_BITS = 6  # values are told apart to one part in 64
_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def _cell(microseconds: int) -> int:
    shift = microseconds.bit_length() - _EXACT_BITS - 1
    return microseconds if shift <= 0 else (shift << _EXACT_BITS) + (microseconds >> shift)


def _least(cell: int) -> float:
    """The least that a cell stands for, in seconds."""
    shift = (cell >> _EXACT_BITS) - 1
    return cell / 1e6 if shift <= 0 else ((cell - (shift << _EXACT_BITS)) << shift) / 1e6


def _value(cell: int) -> float:
    """The middle of what a cell stands for, in seconds."""
    shift = (cell >> _EXACT_BITS) - 1
    return _least(cell) + ((1 << (shift - 1)) / 1e6 if shift > 0 else 0.0)


class Latencies:
    """How long answers took, in cells whose width is at most 1/64 of their value."""

    __slots__ = ("_cells", "highest", "n")

    def __init__(self) -> None:
        self._cells: dict[int, int] = {}
        self.n = 0
        self.highest = 0.0

    def add(self, seconds: float) -> None:
        cells, cell = self._cells, _cell(int(seconds * 1e6))
        cells[cell] = cells.get(cell, 0) + 1
        self.n += 1
        if seconds > self.highest:
            self.highest = seconds

    def merge(self, other: Latencies) -> None:
        for cell, n in other._cells.items():
            self._cells[cell] = self._cells.get(cell, 0) + n
        self.n += other.n
        self.highest = max(self.highest, other.highest)

    def quantiles(self, wanted: Iterable[float]) -> dict[float, float | None]:
        """The smallest value that this share of all reaches; None where there is none."""
        found: dict[float, float | None] = {}
        cells = sorted(self._cells.items())
        for share in wanted:
            left = max(1, ceil(share * self.n))
            found[share] = None
            for cell, n in cells:
                left -= n
                if left <= 0:
                    found[share] = min(_value(cell), self.highest)
                    break
        return found

    def at_least(self) -> list[list[float]]:
        """Pairs of seconds and a number: so many values are at least that, and hardly more. Those of an hour are about
        1,600 pairs at most."""
        return [[_least(cell), n] for cell, n in sorted(self._cells.items())]


@dataclass(slots=True)
class _Second:
    at: int
    n: int = 0
    errors: int = 0
    no_answer: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    waits: Latencies = field(default_factory=Latencies)  # of those who left before an answer began


class Traffic:
    """Counts of one colour. `clock` gives seconds that never go back.

    Each request is counted once, when it is over: by the class of its status, or as `no_answer` (refused, reset, too
    late or malformed, before an answer began), `cut` (the answer began and did not end), or `left` (the client went
    away first). What clients leave is no error of a release; how long they had waited by then is in windows.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds: deque[_Second] = deque()
        self.classes = [0, 0, 0, 0, 0, 0]
        self.requests = self.no_answer = self.cut = self.left = 0
        self.bytes_in = self.bytes_out = 0
        self.retried = 0

    def answered(self, status: int, seconds: float | None) -> None:
        """An answer came whole; its first byte so many seconds after the whole request. None: before that, so that the
        client's own slowness would be measured."""
        second = self._now()
        second.n += 1
        if seconds is not None:
            second.latencies.add(seconds)
        second.errors += status >= 500
        self.requests += 1
        self.classes[status // 100 if status < 600 else 5] += 1

    def unanswered(self, *, begun: bool) -> None:
        """The colour owes an answer, or the rest of one."""
        second = self._now()
        second.n += 1
        second.no_answer += 1
        self.requests += 1
        self.cut += begun
        self.no_answer += not begun

    def abandoned(self, waited: float | None) -> None:
        """The client went away, after so many seconds without the beginning of an answer to its whole request. None:
        an answer had begun, or the request was not complete."""
        self.requests += 1
        self.left += 1
        if waited is not None:
            self._now().waits.add(waited)

    def counts(self) -> dict[str, int]:
        """Everything since the beginning. `requests` is the sum of all classes, `no_answer`, `cut` and `left`."""
        by_class = {f"{i}xx": n for i, n in enumerate(self.classes) if i}
        return {
            "requests": self.requests, **by_class, "no_answer": self.no_answer, "cut": self.cut, "left": self.left,
            "retried": self.retried, "bytes_in": self.bytes_in, "bytes_out": self.bytes_out,
        }  # fmt: skip

    def window(
        self, seconds: float, quantiles: Iterable[float] = _QUANTILES, *, waits: Iterable[float] = ()
    ) -> dict[str, Any]:
        """The last so many seconds (3,600 at most), in steps of one. `waits` are the seconds for which each complete
        request now under way has waited for the beginning of its answer.

        `n` are the requests that are over and were not left; `errors` are 5xx; `no_answer` includes answers that were
        cut; both are in `n`.

        Quantiles and `max` are seconds to the first byte, of the `timed` requests, which were answered after they were
        complete; None where there are none.

        `waiting` are those in the argument `waits`, and those whose clients gave up in these seconds. They are not in
        `n`, and no errors: a long poll waits too, and whether one is right to only a limit in seconds can tell. The key
        `waits` gives [seconds, number] for them, each the least that the latency of so many can be: a release that
        hangs would otherwise be judged by what it does answer. They are in no quantile: what somebody waited who left
        at once, or came just now, would be the latency of a fast answer there.
        """
        since = self._clock() - min(seconds, LONGEST_WINDOW)
        seen = [s for s in self._seconds if s.at + 1 > since]
        latencies, waiting = Latencies(), Latencies()
        for second in seen:
            latencies.merge(second.latencies)
            waiting.merge(second.waits)
        for wait in waits:
            waiting.add(wait)
        found = latencies.quantiles({*_QUANTILES, *quantiles})
        return {
            "n": sum(s.n for s in seen),
            "errors": sum(s.errors for s in seen),
            "no_answer": sum(s.no_answer for s in seen),
            "waiting": waiting.n,
            "waits": waiting.at_least(),
            "timed": latencies.n,
            "p50": found[0.5], "p95": found[0.95], "p99": found[0.99],
            "max": latencies.highest if latencies.n else None,
            "quantiles": {str(share): value for share, value in sorted(found.items())},
        }  # fmt: skip

    def _now(self) -> _Second:
        at, seconds = int(self._clock()), self._seconds
        if seconds and seconds[-1].at == at:
            return seconds[-1]
        seconds.append(_Second(at))
        while seconds[0].at < at - LONGEST_WINDOW:
            seconds.popleft()
        return seconds[-1]
