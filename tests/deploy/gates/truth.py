"""The truth table of the gates: what the world does, and what a gate must say to it.

Each row is played against real sockets and real processes. The law behind all of them: what is no answer is never a
pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gates.hostile import (
    Behaviour,
    Talk,
    after,
    bomb,
    by_query,
    document,
    drip_body,
    drip_head,
    garbage,
    half,
    hang,
    hang_up,
    hostile,
    huge,
    nobody,
    redirect,
    reset,
    says,
)
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.gates.live import unrecorded
from readiness_deploy.ports import Measurement, Refusal, Subject, Verdict
from readiness_deploy.record import Release

PASS, FAIL, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
RELEASE = "r-1"
SHORT = 0.4  # seconds given to what is too slow
AMPLE = 60.0
QUERY = 'sum(rate(errors_total{release="{release}"}[1m]))'
BARE = 'errors{release="{release}"}'


class RealClock:
    """Time as it is."""

    def now(self) -> float:
        return time.monotonic()

    def stamp(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class World:
    """What there is. `colour` and `entry` are what answers there: behaviours, an address, or nobody."""

    colour: tuple[Behaviour, ...] | str = ""
    entry: tuple[Behaviour, ...] | str = ""
    prometheus: tuple[Behaviour, ...] | str = ""
    traffic: Callable[[], Mapping[str, Any]] = dict
    header: str = "Release"
    variables: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"


@dataclass(frozen=True)
class Row:
    """One line of the table: a gate of a kind, in a world, and what it must say."""

    name: str
    kind: str
    world: World
    expected: Verdict
    gate: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    before: bool = True

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"


@contextmanager
def standing(row: Row, folder: Path) -> Iterator[tuple[Outside, dict[str, Any]]]:
    """The world of a row, and the settings of its gate."""
    with ExitStack() as stack:

        def address(what: tuple[Behaviour, ...] | str) -> str:
            if isinstance(what, str):
                return nobody() if what == "nobody" else what
            return stack.enter_context(hostile(*what)).address

        world = row.world
        colour, entry = address(world.colour), address(world.entry)
        kind: dict[str, Any] = dict(row.gate)
        if row.kind == "prometheus":
            kind = {"address": address(world.prometheus).replace("http", world.scheme, 1), **kind}
        settings = {"name": "it", "count": 1, "inconclusive-limit": 0, "interval": 0.01, "timeout": AMPLE}
        outside = Outside(
            address=lambda _colour: colour,
            entry=entry,
            traffic=lambda _colour, _window: world.traffic(),
            variables=world.variables,
            folder=folder,
        )
        yield outside, {**settings, **row.limits, row.kind: kind}


def subject(row: Row, duration: float = 60.0) -> Subject:
    identity = {"header": row.world.header} if row.world.header else {}
    release = Release(id=RELEASE, version="1.4.2", details={"identity": identity})
    return Subject(release=release, colour="green", before=row.before, duration=duration)


def answer(row: Row, folder: Path, record: Callable[[Measurement], None] = unrecorded) -> tuple[Verdict, str]:
    """What the gate says in that world, and why."""
    clock = RealClock()
    with standing(row, folder) as (outside, settings):
        series = LiveGates(clock, outside, record).begin([settings], subject(row))
        deadline = clock.now() + 2 * AMPLE
        verdict = series.poll()
        while verdict is None and clock.now() < deadline:
            clock.sleep(0.003)
            verdict = series.poll()
        try:
            return verdict or series.finish(), series.why()
        finally:
            series.close()


@dataclass(frozen=True)
class _Now:
    """The time of day when it is asked for, and so many seconds."""

    seconds: float = 0.0


def _scalar(value: str) -> Behaviour:
    return lambda talk: _data(resultType="scalar", result=[time.time(), value])(talk)


def _vector(*values: object, kind: str = "vector", code: int = 200, **more: object) -> Behaviour:
    """An answer of Prometheus with one series for each value. A value may be a pair of age and value."""

    def behave(talk: Talk) -> None:
        pairs = [v if isinstance(v, tuple) else (0, v) for v in values]
        pairs = [(age, str(time.time() + v.seconds) if isinstance(v, _Now) else v) for age, v in pairs]
        result = [{"metric": {"n": str(i)}, "value": [time.time() - a, v]} for i, (a, v) in enumerate(pairs)]
        document(code, **{"status": "success", "data": {"resultType": kind, "result": result}, **more})(talk)

    return behave


def _data(**data: object) -> Behaviour:
    return document(status="success", data=data)


def _asks(*behaviours: Behaviour, **world: Any) -> World:
    return World(prometheus=behaviours, **world)


_AT_MOST = {"query": QUERY, "max": 0.1}
_COUNTED = {**_AT_MOST, "samples": 'sum(increase(all_total{release="{release}"}[1m]))', "min-requests": 20}


def _counted(samples: Behaviour) -> World:
    return _asks(by_query([("all_total", samples), ("", _vector("0.01"))]))


def _prometheus(name: str, world: World, expected: Verdict, **more: Any) -> Row:
    gate = more.pop("gate", _AT_MOST)
    return Row(name, "prometheus", world, expected, gate, more)


_GOOD = _vector("0.01")
_VALUE = {"resultType": "vector"}
_PROMETHEUS = [
    _prometheus("a number below the limit", _asks(_GOOD), PASS),
    _prometheus("the limit itself", _asks(_vector("0.1")), PASS),
    _prometheus("a number above the limit", _asks(_vector("0.11")), FAIL),
    _prometheus("a number below the least", _asks(_vector("0.5")), FAIL, gate={"query": QUERY, "min": 1}),
    _prometheus("a negative number", _asks(_vector("-1")), PASS),
    _prometheus("a scalar", _asks(_scalar("0.01")), PASS),
    _prometheus("an informational note", _asks(_vector("0.01", infos=["might be no counter"])), PASS),
    _prometheus("no series", _asks(_vector()), UNSURE),
    _prometheus("NaN (0/0)", _asks(_vector("NaN")), UNSURE),
    _prometheus("NaN where a least is wanted", _asks(_vector("NaN")), UNSURE, gate={"query": QUERY, "min": 1}),
    _prometheus("+Inf", _asks(_vector("+Inf")), UNSURE),
    _prometheus("+Inf where a least is wanted", _asks(_vector("+Inf")), UNSURE, gate={"query": QUERY, "min": 1}),
    _prometheus("-Inf", _asks(_vector("-Inf")), UNSURE),
    _prometheus("1e999", _asks(_vector("1e999")), UNSURE),
    _prometheus("-1e999", _asks(_vector("-1e999")), UNSURE),
    _prometheus("a word", _asks(_vector("none")), UNSURE),
    _prometheus("an empty text", _asks(_vector("")), UNSURE),
    _prometheus("digits of another script", _asks(_vector("٠")), UNSURE),
    _prometheus("digits with an underscore", _asks(_vector("0_0")), UNSURE),
    _prometheus("a number that is no text", _asks(_vector(0.01)), UNSURE),
    _prometheus("null", _asks(_vector(None)), UNSURE),
    _prometheus("true", _asks(_vector(True)), UNSURE),
    _prometheus("several series", _asks(_vector("0.01", "0.01")), UNSURE),
    _prometheus("a matrix", _asks(_data(resultType="matrix", result=[{"values": [[1, "0"]]}])), UNSURE),
    _prometheus("a scalar that is NaN", _asks(_scalar("NaN")), UNSURE),
    _prometheus("a text for a result", _asks(_data(resultType="string", result=[time.time(), "0.01"])), UNSURE),
    _prometheus("a vector called something else", _asks(_vector("0.01", kind="matrix")), UNSURE),
    _prometheus("a histogram", _asks(_data(**_VALUE, result=[{"metric": {}, "histogram": [1, {}]}])), UNSURE),
    _prometheus("a value without a time", _asks(_data(**_VALUE, result=[{"metric": {}, "value": ["0"]}])), UNSURE),
    _prometheus("a time that is none", _asks(_data(**_VALUE, result=[{"value": ["now", "0"]}])), UNSURE),
    _prometheus("a series that is none", _asks(_data(**_VALUE, result=["0.01"])), UNSURE),
    _prometheus("no data", _asks(document(status="success")), UNSURE),
    _prometheus("a sample of ten minutes ago", _asks(_vector((600, "0.01"))), UNSURE),
    _prometheus("a sample of in ten minutes", _asks(_vector((-600, "0.01"))), UNSURE),
    _prometheus(
        "an old sample behind a fresh answer",
        _asks(by_query([("timestamp(", _vector(_Now(-600))), ("", _GOOD)])),
        UNSURE,
        gate={"query": BARE, "max": 0.1},
    ),
    _prometheus(
        "a fresh sample behind a fresh answer",
        _asks(by_query([("timestamp(", _vector(_Now())), ("", _GOOD)])),
        PASS,
        gate={"query": BARE, "max": 0.1},
    ),
    _prometheus("warnings: a part is missing", _asks(_vector("0.01", warnings=["store unreachable"])), UNSURE),
    _prometheus("200, and an error inside", _asks(_vector("0.01", status="error", error="timeout")), UNSURE),
    _prometheus("200 without a status", _asks(_vector("0.01", status=None)), UNSURE),
    _prometheus("400", _asks(says(400, '{"status":"error","error":"parse error"}')), UNSURE),
    _prometheus("401", _asks(says(401)), UNSURE),
    _prometheus("404", _asks(says(404, "not found")), UNSURE),
    _prometheus("429 and an invitation to wait", _asks(says(429, b"", Retry_After="30"), _GOOD), UNSURE),
    _prometheus("500", _asks(says(500, "oops")), UNSURE),
    _prometheus("503", _asks(says(503)), UNSURE),
    _prometheus("500 with a good number", _asks(_vector("0.01", code=500)), UNSURE),
    _prometheus("206 with a good number", _asks(_vector("0.01", code=206)), UNSURE),
    _prometheus("a redirect", _asks(redirect), UNSURE),
    _prometheus("a redirect to a good answer", _asks(redirect, _GOOD), UNSURE),
    _prometheus("nobody listens", World(prometheus="nobody"), UNSURE),
    _prometheus("the connection is reset", _asks(reset), UNSURE),
    _prometheus("it hangs up", _asks(hang_up), UNSURE),
    _prometheus("half an answer", _asks(half), UNSURE),
    _prometheus("no HTTP", _asks(garbage), UNSURE),
    _prometheus("no TLS where there should be", _asks(_GOOD, scheme="https"), UNSURE),
    _prometheus("a page", _asks(says(200, "<html>please log in</html>")), UNSURE),
    _prometheus("an empty answer", _asks(says(200)), UNSURE),
    _prometheus("a list", _asks(says(200, "[]")), UNSURE),
    _prometheus("a hundred thousand brackets", _asks(says(200, "[" * 100_000)), UNSURE),
    _prometheus("200 MiB", _asks(huge), UNSURE),
    _prometheus("64 MiB in a small package", _asks(bomb), UNSURE),
    _prometheus("for ever", _asks(hang), UNSURE, timeout=SHORT),
    _prometheus("too late", _asks(after(2 * SHORT, _GOOD)), UNSURE, timeout=SHORT),
    _prometheus("a header without an end", _asks(drip_head), UNSURE, timeout=SHORT),
    _prometheus("a body without an end", _asks(drip_body), UNSURE, timeout=SHORT),
    _prometheus("enough requests", _counted(_vector("20")), PASS, gate=_COUNTED),
    _prometheus("too few requests", _counted(_vector("19")), UNSURE, gate=_COUNTED),
    _prometheus("no traffic", _counted(_vector("0")), UNSURE, gate=_COUNTED),
    _prometheus("nobody counted the requests", _counted(_vector()), UNSURE, gate=_COUNTED),
    _prometheus("NaN requests", _counted(_vector("NaN")), UNSURE, gate=_COUNTED),
    _prometheus(
        "a negative number of requests", _counted(_vector("-30")), UNSURE, gate={**_COUNTED, "min-requests": 0}
    ),
    _prometheus("nobody says how to count", _asks(_GOOD), UNSURE, gate={**_AT_MOST, "min-requests": 1}),
    _prometheus("a token that is not there", _asks(_GOOD), UNSURE, gate={**_AT_MOST, "token": {"from-env": "MISSING"}}),
    _prometheus(
        "flapping, more often bad than tolerated",
        _asks(*(_vector(v) for v in ("0.2", "0.01", "0.2", "0.01", "0.2", "0.01"))),
        FAIL,
        **{"count": 4, "failure-limit": 2},
    ),
    _prometheus(
        "flapping, as often bad as tolerated",
        _asks(*(_vector(v) for v in ("0.2", "0.01", "0.2", "0.01", "0.01"))),
        PASS,
        **{"count": 3, "failure-limit": 2},
    ),
    _prometheus(
        "silent, longer than tolerated",
        _asks(_vector(), _vector("NaN"), _vector(), _GOOD),
        UNSURE,
        **{"inconclusive-limit": 2},
    ),
    _prometheus(
        "silent, as long as tolerated", _asks(_vector(), _vector("NaN"), _GOOD), PASS, **{"inconclusive-limit": 2}
    ),
]

_OK = says(200, "all is well", Release=RELEASE)
_OTHER = says(200, "all is well", Release="r-0")


def _http(name: str, world: World, expected: Verdict, *, before: bool = True, **more: Any) -> Row:
    gate = more.pop("gate", {"path": "/"})
    return Row(name, "http", world, expected, gate, more, before)


def _itself(*behaviours: Behaviour, **world: Any) -> World:
    return World(colour=behaviours, entry=(says(500),), **world)


def _entry(*behaviours: Behaviour, **world: Any) -> World:
    return World(entry=behaviours, colour=(says(500),), **world)


_HTTP = [
    _http("the release answers well", _itself(_OK), PASS),
    _http("no release id is wanted", _itself(says(200), header=""), PASS),
    _http("204", _itself(says(204, b"", Release=RELEASE)), PASS),
    _http("418, and it is wanted", _itself(says(418, b"", Release=RELEASE)), PASS, gate={"status": [418]}),
    _http("200, and 418 is wanted", _itself(_OK), FAIL, gate={"status": [418]}),
    _http("500", _itself(says(500, b"", Release=RELEASE)), FAIL),
    _http("500 that names no release", _itself(says(500)), FAIL),
    _http("503, then well", _itself(says(503, b"", Release=RELEASE, Retry_After="0"), _OK), FAIL),
    _http("401", _itself(says(401, b"", Release=RELEASE)), FAIL),
    _http("404", _itself(says(404, b"", Release=RELEASE)), FAIL),
    _http("a redirect", _itself(redirect), FAIL),
    _http("a redirect to a good answer", _itself(redirect, _OK), FAIL),
    _http("another release answers well", _itself(_OTHER), UNSURE),
    _http("another release answers badly", _itself(says(500, b"", Release="r-0")), UNSURE),
    _http("a release whose id only begins alike", _itself(says(200, b"", Release=RELEASE + "1")), UNSURE),
    _http("an answer that names no release", _itself(says(200)), UNSURE),
    _http("the gate's own header", _itself(says(200, b"", Own=RELEASE)), PASS, gate={"header": "Own"}),
    _http("the gate's own header is not there", _itself(_OK), UNSURE, gate={"header": "Own"}),
    _http("the body is as wanted", _itself(_OK), PASS, gate={"body": "all is well"}),
    _http("the body matches", _itself(_OK), PASS, gate={"body": r"is w.l+$"}),
    _http("the body is another one", _itself(_OK), FAIL, gate={"body": "all is lost"}),
    _http("the body does not match", _itself(_OK), FAIL, gate={"body": "^is"}),
    _http("an expression that is none", _itself(_OK), UNSURE, gate={"body": "(all"}),
    _http(
        "an expression that takes for ever",
        _itself(says(200, "a" * 60, Release=RELEASE)),
        UNSURE,
        gate={"body": "(a+)+b"},
        timeout=SHORT,
    ),
    _http("fast enough", _itself(_OK), PASS, gate={"max-latency": AMPLE / 2}),
    _http("slower than wanted", _itself(after(0.2, _OK)), FAIL, gate={"max-latency": 0.1}),
    _http("much slower than wanted", _itself(hang), FAIL, gate={"max-latency": SHORT / 2}, timeout=6.0),
    _http("for ever", _itself(hang), UNSURE, timeout=SHORT),
    _http("too late", _itself(after(2 * SHORT, _OK)), UNSURE, timeout=SHORT),
    _http("a header without an end", _itself(drip_head), UNSURE, timeout=SHORT),
    _http("a body without an end", _itself(drip_body), UNSURE, timeout=SHORT),
    _http("200 MiB", _itself(huge), UNSURE),
    _http("64 MiB in a small package", _itself(bomb), UNSURE),
    _http("nobody listens", World(colour="nobody", entry=(_OK,)), FAIL),
    _http("the connection is reset", _itself(reset), FAIL),
    _http("it hangs up", _itself(hang_up), FAIL),
    _http("half an answer", _itself(half), FAIL),
    _http("no HTTP", _itself(garbage), FAIL),
    _http("nobody knows where the colour is", World(entry=(_OK,)), UNSURE),
    _http("through the entry: well", _entry(_OK), PASS, before=False),
    _http("through the entry: 502 of the entry", _entry(says(502)), FAIL, before=False),
    _http("through the entry: another release", _entry(_OTHER), UNSURE, before=False),
    _http("through the entry: nobody knows who answers", _entry(says(200), header=""), UNSURE, before=False),
    _http("through the entry: nobody listens", World(entry="nobody", colour=(_OK,)), UNSURE, before=False),
    _http("through the entry: reset", _entry(reset), UNSURE, before=False),
    _http("through the entry: half an answer", _entry(half), UNSURE, before=False),
]


def _command(name: str, script: str, expected: Verdict, **more: Any) -> Row:
    return Row(name, "command", World(), expected, {"run": ["sh", "-c", script]}, more)


_COMMAND = [
    _command("0", "exit 0", PASS),
    _command("1", "exit 1", FAIL),
    _command("2", "exit 2", FAIL),
    _command("255", "exit 255", FAIL),
    _command("it calls what is not there", "no-such-program", FAIL),
    _command("75: it does not know", "exit 75", UNSURE),
    _command("killed", "kill -KILL $$", UNSURE),
    _command("told to end", "kill -TERM $$", UNSURE),
    _command("what it called was killed", "sh -c 'kill -KILL $$'; exit $?", UNSURE),
    _command("what it called was told to end", "sh -c 'kill -TERM $$'; exit $?", UNSURE),
    _command("137, as where memory ran out", "exit 137", UNSURE),
    _command("for ever", "sleep 600", UNSURE, timeout=SHORT),
    _command("for ever, in a child", "sleep 600 & wait", UNSURE, timeout=SHORT),
    _command("well, and leaves a child behind", "sleep 600 & exit 0", PASS),
    _command("says 200 MiB and is well", "head -c 200000000 /dev/zero; exit 0", PASS),
    _command("says 200 MiB and is not", "head -c 200000000 /dev/zero; exit 3", FAIL),
    _command("never stops to talk", "yes", UNSURE, timeout=SHORT),
    Row("there is no such program", "command", World(), UNSURE, {"run": ["no-such-program-anywhere"]}),
    Row("it is no program", "command", World(), UNSURE, {"run": ["/etc/passwd"]}),
    Row(
        "a secret that is not there",
        "command",
        World(),
        UNSURE,
        {"run": ["true"], "environment": {"A": {"from-env": "MISSING"}}},
    ),
]


def _counts(n: object = 100, errors: object = 0, no_answer: object = 0, **more: object) -> Callable[[], Any]:
    known = {name.replace("q", "0."): value for name, value in more.items() if name.startswith("q")}
    said = {name: value for name, value in more.items() if not name.startswith("q")}
    return lambda: {"n": n, "errors": errors, "no_answer": no_answer, "max": 2.0, "quantiles": known, **said}


def _raising(fault: Exception) -> Callable[[], Any]:
    def traffic() -> Any:
        raise fault

    return traffic


def _traffic(name: str, counts: Callable[[], Any], expected: Verdict, gate: Mapping[str, Any], **more: Any) -> Row:
    return Row(name, "traffic", World(traffic=counts), expected, gate, more, before=False)


_ERRORS = {"max-error-ratio": 0.01, "min-requests": 20}
_LATENCY = {"max-latency": 0.5, "quantile": 0.9, "min-requests": 20}
_TRAFFIC = [
    _traffic("no errors", _counts(), PASS, _ERRORS),
    _traffic("as many errors as tolerated", _counts(errors=1), PASS, _ERRORS),
    _traffic("more errors than tolerated", _counts(errors=2), FAIL, _ERRORS),
    _traffic("no answer is an error", _counts(no_answer=2), FAIL, _ERRORS),
    _traffic("errors and silence add up", _counts(errors=1, no_answer=1), FAIL, _ERRORS),
    _traffic("more errors than requests", _counts(errors=150), FAIL, _ERRORS),
    _traffic("too few requests", _counts(n=19), UNSURE, _ERRORS),
    _traffic("too few requests, all bad", _counts(n=19, errors=19), UNSURE, _ERRORS),
    _traffic("no traffic (0/0)", _counts(n=0), UNSURE, _ERRORS),
    _traffic("no counts", dict, UNSURE, _ERRORS),
    _traffic("a count that is a text", _counts(n="100"), UNSURE, _ERRORS),
    _traffic("a count that is NaN", _counts(errors=float("nan")), UNSURE, _ERRORS),
    _traffic("a count that is true", _counts(n=True), UNSURE, {**_ERRORS, "min-requests": 1}),
    _traffic("a negative count", _counts(errors=-1), UNSURE, _ERRORS),
    _traffic("fast enough", _counts(q9=0.4), PASS, _LATENCY),
    _traffic("too slow", _counts(q9=0.6), FAIL, _LATENCY),
    _traffic("fast enough by a stricter quantile", _counts(q95=0.4), PASS, _LATENCY),
    _traffic("too slow by a laxer quantile", _counts(q5=0.6), FAIL, _LATENCY),
    _traffic("between two known quantiles", _counts(q5=0.4, q95=0.6), UNSURE, _LATENCY),
    _traffic("no quantiles", _counts(), UNSURE, _LATENCY),
    _traffic("a quantile that is NaN", _counts(q9=float("nan")), UNSURE, _LATENCY),
    _traffic("a quantile that is none", _counts(q9=None), UNSURE, _LATENCY),
    _traffic("the slowest never answered", _counts(no_answer=15, q9=0.4), FAIL, _LATENCY),
    _traffic("nobody answered", _counts(no_answer=100), FAIL, _LATENCY),
    _traffic("fast, and full of errors", _counts(errors=50, q9=0.1), FAIL, {**_LATENCY, **_ERRORS}),
    _traffic("everybody waits", _counts(n=0, timed=0, waits=[[4.0, 40]]), FAIL, _LATENCY),
    _traffic("everybody waits, not for long yet", _counts(n=0, timed=0, waits=[[0.4, 40]]), UNSURE, _LATENCY),
    _traffic("everybody waits, and no latency is limited", _counts(n=0, timed=0, waits=[[4.0, 40]]), UNSURE, _ERRORS),
    _traffic("too few, with those who wait", _counts(n=10, timed=10, waits=[[4.0, 9]], q9=0.1), UNSURE, _LATENCY),
    _traffic("enough, with those who wait", _counts(n=10, timed=10, waits=[[4.0, 10]], q9=0.1), FAIL, _LATENCY),
    _traffic(
        "enough, with those who wait briefly", _counts(n=19, timed=19, waits=[[0.4, 90]], q9=0.1), UNSURE, _LATENCY
    ),
    _traffic(
        "too few are over, and few wait for long", _counts(n=19, timed=19, waits=[[4.0, 1]], q95=0.1), UNSURE, _LATENCY
    ),
    _traffic("few wait", _counts(n=100, timed=100, waits=[[4.0, 5]], q95=0.1), PASS, _LATENCY),
    _traffic("as many wait as may be slow", _counts(n=18, timed=18, waits=[[4.0, 2]], max=0.1), UNSURE, _LATENCY),
    _traffic("as many are silent as may be slow", _counts(n=20, no_answer=2, timed=18, max=0.1), PASS, _LATENCY),
    _traffic(
        "silence and long waits add up",
        _counts(n=100, no_answer=6, timed=94, waits=[[4.0, 6]], q95=0.1),
        FAIL,
        _LATENCY,
    ),
    _traffic("short waits do not help", _counts(n=100, timed=100, waits=[[0.0, 50]], q5=0.05, q9=2.0), FAIL, _LATENCY),
    _traffic("short waits do no harm", _counts(n=100, timed=100, waits=[[0.4, 900]], q9=0.1), PASS, _LATENCY),
    _traffic("a wait just at the limit is not longer", _counts(timed=100, waits=[[0.5, 900]], q9=0.1), PASS, _LATENCY),
    _traffic(
        "waits that are none",
        _counts(timed=100, waits=[[float("nan"), 900], ["4", 900], [4.0, -9], [4.0], 4.0, [4.0, 9.0]], q9=0.1),
        PASS,
        _LATENCY,
    ),
    _traffic("waits that are no list", _counts(timed=100, waits={"4.0": 900}, q9=0.1), PASS, _LATENCY),
    _traffic("who waits is no error", _counts(n=100, timed=100, waits=[[4.0, 50]]), PASS, _ERRORS),
    _traffic("who waits hides no error", _counts(n=100, errors=2, timed=100, waits=[[4.0, 900]]), FAIL, _ERRORS),
    _traffic("few answers can be timed", _counts(n=100, timed=19, q9=0.1), UNSURE, _LATENCY),
    _traffic("enough answers can be timed", _counts(n=100, timed=20, q9=0.1), PASS, _LATENCY),
    _traffic(
        "of those that can be timed, the slowest never answered", _counts(no_answer=5, timed=30, q9=0.4), FAIL, _LATENCY
    ),
    _traffic("nothing is measured by it", _counts(), UNSURE, {"min-requests": 1}),
    _traffic("nobody counts", _raising(Refusal("the keeper does not answer")), UNSURE, _ERRORS),
    _traffic("counting breaks", _raising(ValueError("broken")), UNSURE, _ERRORS),
    _traffic("counting takes for ever", lambda: time.sleep(3 * SHORT) or _counts()(), UNSURE, _ERRORS, timeout=SHORT),
]

ROWS: tuple[Row, ...] = (*_PROMETHEUS, *_HTTP, *_COMMAND, *_TRAFFIC)
