"""The traffic gate: the keeper's own counts of what users got from the colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.config.deploy import TrafficGate
from readiness_deploy.gates.probe import Found, Outside, number, whom
from readiness_deploy.ports import Subject, Verdict

_LEAST_WINDOW = 1.0
_ROUNDING = 1e-9  # a share of a number that is whole, but for how it is computed


class TrafficProbe:
    """One look at the counts. `selected` is seconds since users were sent there: what came before belongs to another
    release in the same slot, so the window does not reach back that far."""

    def __init__(self, gate: TrafficGate, subject: Subject, outside: Outside, selected: float) -> None:
        self._gate, self._subject, self._outside = gate, subject, outside
        self._window = max(_LEAST_WINDOW, min(gate.window, selected))

    def look(self) -> Found:
        counts = self._outside.traffic(self._subject.colour, self._window)
        n, errors, silent = (_count(counts, name) for name in ("n", "errors", "no_answer"))
        if n is None or errors is None or silent is None:
            return self._found(Verdict.INCONCLUSIVE, None, None, "the keeper's counts cannot be read")
        least, most = self._gate.min_requests, self._gate.max_error_ratio
        ratio = min(1.0, (errors + silent) / n) if n else 0.0
        if n >= least and most is not None and ratio > most:
            return self._found(Verdict.FAIL, n, ratio, f"{errors} of {n} answered 5xx, {silent} did not answer")
        if self._gate.max_latency is not None:
            return self._timely(counts, n, silent)
        if n < least:
            return self._few(n)
        verdict = Verdict.INCONCLUSIVE if most is None else Verdict.PASS
        return self._found(verdict, n, ratio, "" if most is not None else "nothing is measured by it")

    def stop(self) -> None:
        """The keeper answers within its own time limit."""

    def _timely(self, counts: Mapping[str, Any], n: int, silent: int) -> Found:
        """A request without an answer is slower than every other, and so is one that has waited for longer than the
        limit. One that has waited more briefly counts nowhere: how slow its answer would be nobody knows, and as a fast
        one it would hide others that are slow. So those who wait can be enough to fail, and to pass, `min-requests`
        have to be over."""
        gate, share = self._gate, self._gate.quantile
        assert gate.max_latency is not None  # noqa: S101 - the caller saw it
        timed, long = _count(counts, "timed"), _longer(counts, gate.max_latency)
        if timed is None:
            timed = max(0, n - silent)
        over = timed + silent
        every = over + long
        if every < gate.min_requests:
            return self._few(over)
        if silent + long > (1 - share) * every + _ROUNDING:
            waited = f", {long} have waited longer than {gate.max_latency:g} s" if long else ""
            return self._found(Verdict.FAIL, every, None, f"{silent} of {every} did not answer{waited}")
        lower, upper = around(_quantiles(counts), share * every / timed)
        if upper is not None and upper <= gate.max_latency:
            return self._found(Verdict.PASS, every, upper, "") if over >= gate.min_requests else self._few(over)
        if lower is not None and lower > gate.max_latency:
            return self._found(Verdict.FAIL, every, lower, f"{lower:.3f} s at the quantile {share:g}")
        return self._found(Verdict.INCONCLUSIVE, every, upper, f"the keeper does not know the quantile {share:g}")

    def _few(self, n: int) -> Found:
        few = "no requests" if not n else f"{n} requests"
        why = f"{few} in {self._window:g} s, {self._gate.min_requests} wanted"
        return self._found(Verdict.INCONCLUSIVE, n, None, why)

    def _found(self, verdict: Verdict, n: int | None, value: float | None, why: str) -> Found:
        gate = self._gate
        wanted = [f"errors at most {gate.max_error_ratio:g}"] if gate.max_error_ratio is not None else []
        wanted += [f"quantile {gate.quantile:g} at most {gate.max_latency:g} s"] if gate.max_latency is not None else []
        return Found(
            verdict=verdict,
            query=f"traffic of {self._subject.colour}",
            who=whom(self._subject) + ", by the keeper's counts",
            window=self._window,
            value=value,
            threshold="; ".join([*wanted, f"of at least {gate.min_requests} requests"]),
            n=n,
            why=why,
        )


def _quantiles(counts: Mapping[str, Any]) -> dict[float, float]:
    said = counts.get("quantiles")
    known: dict[float, float] = {}
    for name, value in {**(said if isinstance(said, Mapping) else {}), "1": counts.get("max")}.items():
        seconds = number(value)
        try:
            at = float(name)
        except (TypeError, ValueError):
            continue
        if seconds is not None and seconds >= 0 and 0 <= at <= 1:
            known[at] = seconds
    return known


def _longer(counts: Mapping[str, Any], limit: float) -> int:
    """How many have waited for more than so many seconds; 0 where the keeper does not know of waits."""
    said = counts.get("waits")
    long = 0
    for one in said if isinstance(said, list) else ():
        match one:
            case [waited, int(many)] if many > 0 and (number(waited) or 0) > limit:
                long += many
    return long


def around(known: Mapping[float, float], share: float) -> tuple[float | None, float | None]:
    """The values at the nearest known quantiles below and above this one (both the same where it is known)."""
    below = [at for at in known if at <= share + _ROUNDING]
    above = [at for at in known if at >= share - _ROUNDING]
    return (known[max(below)] if below else None), (known[min(above)] if above else None)


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
