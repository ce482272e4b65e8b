"""What is promised, each promise beside the figures that decide it. Nothing measured is nothing shown, never kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from proof.reading import Row, said
from proof.running import Outcome, Ran

KEPT, BROKEN, NOT_SHOWN = "kept", "**BROKEN**", "**NOT SHOWN**"


Measured = tuple[str, int | None, bool | None] | None
"""A value, how many trials are behind it, whether it is as wanted (None: unknown). None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What was measured, how many trials are behind it, and whether it is as promised."""

    value: str
    n: int | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Promise:
    """`measure` says what the figures of the tier show of it."""

    text: str
    wanted: str
    tier: str
    measure: Callable[[Sequence[Row]], Measured]

    def shown(self, ran: Ran, rows: Sequence[Row]) -> Shown:
        """What this run shows of it. Figures of a tier that failed or was left out in part show nothing good."""
        measured = self.measure(rows)
        if measured is None:
            return Shown("–", None, NOT_SHOWN)
        value, n, good = measured
        if good is None:
            return Shown(value, n, NOT_SHOWN)
        if good and ran.outcome is not Outcome.PASSED:
            return Shown(value, n, f"**the tier: {ran.outcome.value}**")
        return Shown(value, n, KEPT if good else BROKEN)


def _values(rows: Iterable[Row], key: str, about: str = "") -> list[Any]:
    return [row.values[key] for row in rows if key in row.values and about in row.figure]


def _sum(rows: Iterable[Row], key: str, about: str = "") -> float | None:
    found = [value for value in _values(rows, key, about) if isinstance(value, (int, float))]
    return sum(found) if found else None


def _survived(rows: Sequence[Row], about: str, sampled: str = "") -> Measured:
    """How many points were survived, of how many; `sampled` is the value that says that not all were tried."""
    both = [r for r in rows if about in r.figure and "points" in r.values and "survived" in r.values]
    if not both:
        return None
    n, good = (sum(r.values[key] for r in both) for key in ("points", "survived"))
    part = ", a part of the points" if sampled and any(r.values.get(sampled) for r in both) else ""
    return f"{good:,} of {n:,}{part}", n, n > 0 and good == n


def _sampled(rows: Sequence[Row]) -> Measured:
    """How many effects the worker was killed at, of how many that the runs have: every so manieth is tried."""
    tried = [row.values for row in rows if "tried_is_every" in row.values]
    if not tried:
        return None
    n, survived, of = (sum(one[key] for one in tried) for key in ("tried", "survived", "effects_of_a_run"))
    every = max(one["tried_is_every"] for one in tried)
    part = f"every {every}th of {of:,} effects" if every > 1 else "every effect"
    return f"{survived:,} of {n:,}, {part}", n, survived == n > 0


LEAST = 3
"""Points of each scenario of the kill campaign, below which nothing is shown."""


def _killed(rows: Sequence[Row]) -> Measured:
    """How many points there were, of how many that a run has: the usual time is enough for a part of them."""
    tried = [row.values for row in rows if "points_of_a_run" in row.values]
    if not tried:
        return None
    n, survived, of = (sum(one[key] for one in tried) for key in ("points", "survived", "points_of_a_run"))
    whole = all(one["every_point_tried"] for one in tried)
    value = f"{survived:,} of {n:,}, {'all' if whole else f'of {of:,}'} that the {len(tried)} scenarios have"
    if survived < n:
        return value, n, False
    enough = all(one["points"] >= LEAST or one["every_point_tried"] for one in tried)
    return value, n, True if enough else None


def _counted(rows: Sequence[Row], about: str, least: int) -> Measured:
    """All of these tests passed, and they are at least so many."""
    row = next((r for r in rows if r.figure == about), None)
    if row is None:
        return None
    value = str(row.values["right"])
    right, _, n = value.partition(" of ")
    return value, row.n, right == n and int(n) >= least


def _states(rows: Sequence[Row]) -> Measured:
    states = [int(value) for value in _values(rows, "states")]
    return (f"{max(states):,} states", sum(states), max(states) >= 100_000) if states else None


def _roads(rows: Sequence[Row]) -> Measured:
    walked, roads = _sum(rows, "walked"), _sum(rows, "roads")
    if walked is None or roads is None:
        return None
    return f"{walked:.0f} of {roads:.0f}", int(roads), walked == roads > 0


def _messages(rows: Sequence[Row]) -> Measured:
    """The tests of this tier compare table and ledger after each; here is how often."""
    messages, lost = _sum(rows, "messages"), _sum(rows, "attempts_lost")
    if messages is None:
        return None
    return f"{said(lost)} attempts lost", int(messages), messages >= 100


def _at_most(
    rows: Sequence[Row], key: str, most: float, about: str, count: str = "", shown: str = "{:.3f} s"
) -> Measured:
    """The largest of these values, and how many it is the largest of: each is one trial, or of `count` trials."""
    values = [v for v in _values(rows, key, about) if v is not None]
    n = _sum(rows, count, about) if count else len(values)
    if not values or not n:
        return None
    return shown.format(max(values)), int(n), max(values) <= most


def _costs(rows: Sequence[Row]) -> Measured:
    """Requests a second, and the median latency that each adds to what there is without it. A way on which something
    was not answered served nothing that could be compared."""
    ways = ("no proxy", "keeper", "HAProxy")
    fast, slow = ([_of(rows, way, *keys) for way in ways] for keys in (("per_second", "errors"), ("p50", *_FAILED)))
    compared = [row for row in (*fast, *slow) if row]
    if len(compared) < 2 * len(ways):
        return None
    seconds, medians = [row.values["per_second"] for row in fast if row], [row.values["p50"] for row in slow if row]
    value = "; ".join(
        f"{way} {a:,.0f}/s, {b - medians[0]:+.2f} ms" for way, a, b in zip(ways, seconds, medians, strict=True)
    )
    n = min(row.n or 0 for row in compared)
    failed = {key: max(row.values.get(key, 0) for row in compared) for key in _FAILED}
    if any(failed.values()) or not all(seconds):
        told = ", ".join(f"{key} {said(count)}" for key, count in failed.items())
        return f"{value}; {told} in the worst round", n, False
    if any(row.values.get("saturated") for row in compared):
        return f"{value}; the generator could not keep its schedule: the machine was busy otherwise", n, None
    return value, n, n > 0


_FAILED = ("errors", "lost")


def _of(rows: Sequence[Row], way: str, *keys: str) -> Row | None:
    """The row of that way that has all of these values."""
    return next((row for row in rows if f", {way}, " in row.figure and all(key in row.values for key in keys)), None)


def _none_of(*keys: str, count: str, least: int, about: str = "") -> Callable[[Sequence[Row]], Measured]:
    """All of these sum to nothing, in at least so many trials."""

    def measure(rows: Sequence[Row]) -> Measured:
        sums = {key: _sum(rows, key, about) for key in keys}
        n = _sum(rows, count, about)
        if n is None or None in sums.values():
            return None
        value = ", ".join(f"{key.replace('_', ' ')} {said(number)}" for key, number in sums.items())
        return value, int(n), not any(sums.values()) and n >= least

    return measure


PLANTED, TRUTHS = 12, 150
"""Planted bugs, and rows of the truth table of the gates, below which nothing is kept."""
PROMISES: tuple[Promise, ...] = (
    Promise(
        "The protocol keeps its promises in every state that can be reached",
        "0 violations in 100,000 states",
        "model",
        _states,
    ),
    Promise("Every road of the table is walked, with two actors and foreign state", "all", "simulator", _roads),
    Promise(
        "Killed once, at each point: the next command finishes",
        "all",
        "simulator",
        lambda r: _survived(r, "killed once"),
    ),
    Promise(
        "Killed again in the recovery",
        "all that are tried",
        "simulator",
        lambda r: _survived(r, "killed twice", sampled="sampled"),
    ),
    Promise(
        "A reply is lost", "all that are tried", "simulator", lambda r: _survived(r, "reply lost", sampled="sampled")
    ),
    Promise(
        "Two deployers race in the simulator",
        "0 double switches, 0 stale writes in 1,000",
        "simulator",
        _none_of("double_switches", "stale_writes_accepted", count="races", least=1000),
    ),
    Promise(
        "Planted bugs are caught",
        f"all, at least {PLANTED}",
        "planted",
        lambda r: _counted(r, "planted bugs that were caught", PLANTED),
    ),
    Promise(
        "The gate truth table",
        f"all, at least {TRUTHS}",
        "gates",
        lambda r: _counted(r, "rows of the truth table that are answered right", TRUTHS),
    ),
    Promise(
        "The connection to PostgreSQL is harmed at each message of a migration",
        "each migration applied once, whole",
        "migrations",
        _messages,
    ),
    Promise(
        "The keeper's worker is killed at its effects: points survived",
        "all that are tried",
        "keeper",
        _sampled,
    ),
    Promise(
        "The command line is killed at its effects: points survived",
        f"all that were tried, at least {LEAST} in each scenario",
        "kills",
        _killed,
    ),
    Promise(
        "Commands that a person needed after a kill",
        "at most 1",
        "kills",
        lambda r: _at_most(r, "commands_needed_at_most", 1, "kills", "points", "{:.0f}"),
    ),
    Promise(
        "Seconds until the next command had finished the job of who was killed",
        "at most 30 s",
        "kills",
        lambda r: _at_most(r, "seconds_until_done_max", 30.0, "kills", "points"),
    ),
    Promise(
        "The command line is killed under load: requests lost or cut",
        "0 of at least 1,000",
        "kills",
        _none_of("lost_or_cut", count="requests", least=1000, about="under load"),
    ),
    Promise(
        "Two deployers race as processes",
        "0 double switches, 0 stale writes, 100 deployers",
        "races",
        _none_of("double_switches", "stale_writes_accepted", count="deployers", least=100, about="100 deployers"),
    ),
    Promise(
        "100 deploys and 100 rollbacks at 500 requests/s, with and without keep-alive: requests lost or cut",
        "0 of at least 200,000",
        "rollouts",
        _none_of("lost_or_cut", count="requests", least=200_000, about="100 deploys"),
    ),
    Promise(
        "From the decision to roll back to the last request that the bad version got",
        "at most 1 s",
        "rollouts",
        lambda r: _at_most(r, "rollback_decision_to_last_request_max", 1.0, "100 deploys", "rollbacks_after_requests"),
    ),
    Promise(
        "On Kubernetes, deploys and rollbacks under 100 requests/s on the NodePort: requests lost",
        "0",
        "kubernetes",
        _none_of("lost", count="requests", least=300),
    ),
    Promise(
        "On Kubernetes, from the command to the first answer of the new version",
        "at most 10 s",
        "kubernetes",
        lambda r: _at_most(r, "command_to_serving_s", 10.0, "kubernetes, deploy"),
    ),
    Promise(
        "What the keeper costs, beside HAProxy and nothing", "each request answered, in the same run", "bench", _costs
    ),
)
