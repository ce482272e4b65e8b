"""When requests are due: fixed in advance, as seconds after the start, in order."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable


def constant(rate: float, seconds: float, most: int) -> array[float]:
    """One request every 1/`rate` seconds, the first at once; all of them before `seconds`, and `most` at most."""
    due = array("d", (number / rate for number in range(min(most, int(rate * seconds) + 1))))
    while due and due[-1] >= seconds:
        due.pop()
    return due


def poisson(rate: float, seconds: float, most: int, seed: int) -> array[float]:
    """Requests that come independently of each other, `rate` a second on average: equal seeds, equal schedules."""
    gap: Callable[[float], float] = random.Random(seed).expovariate  # noqa: S311 (a schedule, no secret)
    due: array[float] = array("d")
    at = gap(rate)
    while at < seconds and len(due) < most:
        due.append(at)
        at += gap(rate)
    return due
