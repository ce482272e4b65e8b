"""The Prometheus gate: one number that a query says about the release."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from readiness.config.deploy import PrometheusGate
from readiness.http import Bounds, NoAnswer, Reader
from readiness_deploy.gates import query as promql
from readiness_deploy.gates.probe import Found, Hidden, Outside, number, shown, whom
from readiness_deploy.ports import Subject, Verdict

LARGEST_ANSWER = 8 << 20
_AHEAD = 5.0  # seconds that a server's clock may be ahead of ours
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class NoNumber(Exception):
    """The answer holds no number that says something. The text says what it holds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A number and the time that it is of, in seconds since 1970."""

    value: float
    at: float


class PrometheusProbe:
    """One query, with the one that counts the requests behind it. Whatever is no fresh, finite, single number from a
    complete answer says nothing."""

    def __init__(
        self, gate: PrometheusGate, subject: Subject, outside: Outside, hidden: Hidden, timeout: float
    ) -> None:
        self._gate, self._subject, self._outside, self._hidden = gate, subject, outside, hidden
        self._timeout = timeout
        self._reader: Reader | None = None
        self._stopped = False

    def look(self) -> Found:
        gate, value, n = self._gate, None, None
        query = gate.query
        try:
            query = promql.filled(gate.query, self._subject)
            with self._connect() as reader:
                n = self._count(reader)
                value = self._ask(reader, query).value
                if promql.bare(query):
                    self._fresh(Sample(0, self._ask(reader, f"timestamp({query})").value))
        except (NoNumber, NoAnswer, promql.Unfilled) as nothing:
            return self._found(Verdict.INCONCLUSIVE, query, value, n, str(nothing))
        if n is not None and n < gate.min_requests:
            few = f"{n:g} requests, {gate.min_requests:g} wanted" if n else "there was no traffic"
            return self._found(Verdict.INCONCLUSIVE, query, value, n, few)
        within = (gate.max is None or value <= gate.max) and (gate.min is None or value >= gate.min)
        verdict = Verdict.PASS if within else Verdict.FAIL
        return self._found(verdict, query, value, n, "" if within else f"it is {value:g}")

    def stop(self) -> None:
        self._stopped = True
        if self._reader:
            self._reader.stop()

    def _connect(self) -> Reader:
        def headers() -> Mapping[str, str]:
            token = self._gate.token
            return {"Authorization": f"Bearer {self._hidden.reveal('token', token)}"} if token else {}

        bounds = Bounds(connect=self._timeout, seconds=self._timeout, size=LARGEST_ANSWER)
        self._reader = Reader(self._gate.address, headers=headers, bounds=bounds, attempts=1, stoppable=True)
        if self._stopped:
            self._reader.stop()
        return self._reader

    def _count(self, reader: Reader) -> float | None:
        """The requests behind the number; None where nobody asks."""
        if not self._gate.samples:
            if self._gate.min_requests:
                raise NoNumber("`min-requests` is wanted, and no `samples` says how many there were")
            return None
        try:
            count = self._ask(reader, promql.filled(self._gate.samples, self._subject)).value
        except NoNumber as nothing:
            raise NoNumber(f"nobody knows how many requests there were: {nothing}") from None
        if count < 0:
            raise NoNumber(f"nobody knows how many requests there were: {count:g}")
        return count

    def _ask(self, reader: Reader, query: str) -> Sample:
        answer = reader.get("/api/v1/query", {"query": query}, accept="application/json")
        if answer.status != 200:
            raise NoNumber(f"{shown(self._gate.address)} answered {answer.status}{_excuse(answer.body)}")
        sample = single(answer.body)
        self._fresh(sample)
        return sample

    def _fresh(self, sample: Sample) -> None:
        age = self._outside.wall() - sample.at
        if age > self._gate.stale_after:
            raise NoNumber(f"the sample is {age:.0f} s old, older than {self._gate.stale_after:g} s")
        if age < -_AHEAD:
            raise NoNumber(f"the sample is {-age:.0f} s from the future: the clocks differ")

    def _found(self, verdict: Verdict, query: str, value: float | None, n: float | None, why: str) -> Found:
        gate = self._gate
        wanted = [f"at least {gate.min:g}"] if gate.min is not None else []
        wanted += [f"at most {gate.max:g}"] if gate.max is not None else []
        wanted += [f"of at least {gate.min_requests:g} requests"] if gate.min_requests else []
        return Found(
            verdict=verdict,
            query=query,
            who="every colour together" if gate.everyone else whom(self._subject),
            window=promql.window(query),
            value=value,
            threshold=", ".join(wanted),
            n=None if n is None else int(n),
            why=why,
        )


def single(body: bytes) -> Sample:
    """The one number in an answer of Prometheus' HTTP API (`/api/v1/query`). Raises NoNumber for everything else: an
    empty answer, several series, another type of result, a value that is not finite, a warning, an error."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoNumber("the answer is no JSON") from None
    if not isinstance(said, dict) or said.get("status") != "success":
        raise NoNumber(f"the answer is no success{_excuse(body)}")
    if said.get("warnings"):
        raise NoNumber(f"the answer is not complete: {str(said['warnings'])[:200]}")
    data = said.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if kind == "scalar":
        return _sample(result)
    if kind != "vector" or not isinstance(result, list):
        raise NoNumber(f"wanted one number, found {f'a {kind}' if isinstance(kind, str) else 'something else'}")
    if not result:
        raise NoNumber("the query found nothing: no traffic, or no such series")
    if len(result) > 1:
        raise NoNumber(f"wanted one series, found {len(result)}: aggregate them, as sum(…) does")
    return _sample(result[0].get("value") if isinstance(result[0], dict) else None)


def _sample(pair: Any) -> Sample:
    if not isinstance(pair, list) or len(pair) != 2:
        raise NoNumber("the series has no single value")
    at, text = number(pair[0]), pair[1]
    if at is None or not isinstance(text, str):
        raise NoNumber("the value is not written as Prometheus writes it")
    value = number(float(text)) if _NUMBER.fullmatch(text) else None
    if value is None:
        hint = ": no traffic, perhaps (0 divided by 0)" if text == "NaN" else ""
        raise NoNumber(f"{text[:40]} is no finite number{hint}")
    return Sample(value, at)


def _excuse(body: bytes) -> str:
    """What the server says about its error, after a colon; empty where it says nothing that can be read."""
    try:
        said = msgspec.json.decode(body[:LARGEST_ANSWER])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    error = said.get("error") if isinstance(said, dict) else None
    return f": {error[:200]}" if isinstance(error, str) and error else ""
