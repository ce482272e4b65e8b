"""What is wrong with gates before anything is measured: found by reading, so that a deploy does not start with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from readiness.config.deploy import DeploySettings, GateSettings, HttpGate, PrometheusGate, TrafficGate
from readiness_deploy.gates import query as promql

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def problems(settings: DeploySettings) -> list[str]:
    """Each thing wrong with the gates of these settings, as a sentence that begins with where it is."""
    found = []
    for when, gates in (("before", settings.gates.before), ("after", settings.gates.after)):
        before = when == "before"
        counted = Counter(gate.name for gate in gates)
        twice = [name for name, n in counted.items() if n > 1]
        found += [f"gates.{when}: several gates have the name {name}" for name in twice]
        for gate in gates:
            identity = settings.run.identity.header
            seconds = settings.run.ready.within if before else settings.bake.seconds
            said = [*_named(gate), *_timed(gate, before, seconds), *_measured(gate, before, identity)]
            found += [f"gates.{when}: gate {gate.name.strip() or 'without a name'} {problem}" for problem in said]
    return found


def warnings(settings: DeploySettings) -> list[str]:
    """What these gates would see too late, as sentences like those of `problems`; it forbids nothing."""
    timeout, bake = settings.entry.timeout, settings.bake.seconds
    if settings.kubernetes or timeout < bake:
        return []
    late = f"`entry.timeout` ({timeout:g} s) is not shorter than `bake.seconds` ({bake:g} s)"
    return [
        f"gates.after: gate {gate.name} counts a request that hangs as an error only when the bake is over: {late}"
        for gate in settings.gates.after
        if gate.traffic and gate.traffic.max_error_ratio is not None
    ]


def _named(gate: GateSettings) -> Iterator[str]:
    if not gate.name.strip():
        yield "wants a `name`"


def _timed(gate: GateSettings, before: bool, seconds: float) -> Iterator[str]:
    """Whether what is wanted fits into the time there is."""
    enough = gate.count or (1 if before else None)
    there = f"the {seconds:g} s of `{'run.ready.within' if before else 'bake.seconds'}`"
    if enough is None and gate.initial_delay >= seconds:
        yield f"never measures: {there} are over by its `initial-delay` of {gate.initial_delay:g} s"
    elif enough is not None and gate.initial_delay + (enough - 1) * gate.interval >= seconds:
        yield f"wants {enough} good measurements, which do not fit into {there}"


def _measured(gate: GateSettings, before: bool, identity: str) -> Iterator[str]:
    if gate.http:
        yield from _http(gate.http, before, identity, gate.timeout)
    if gate.prometheus:
        yield from _prometheus(gate.prometheus)
    if gate.command:
        if not gate.command.run[0].strip():
            yield "wants a program in `command.run`"
        wrong = [name for name in gate.command.environment if not _VARIABLE.fullmatch(name)]
        yield from (f"names a variable {name!r} in `command.environment`, which is no name" for name in wrong)
    if gate.traffic:
        yield from _traffic(gate.traffic, before)


def _http(gate: HttpGate, before: bool, identity: str, timeout: float) -> Iterator[str]:
    if not gate.path.startswith("/") or re.search(r"[\s\x00-\x1f]", gate.path):
        yield f"wants a path that begins with /, found {gate.path!r}"
    for status in gate.status:
        if not 100 <= status <= 599:
            yield f"wants statuses from 100 to 599, found {status}"
    if gate.header and not _HEADER.fullmatch(gate.header):
        yield f"names a header {gate.header!r}, which is no name of a header"
    if not before and not (gate.header or identity):
        yield "could not tell who answered: name the header that holds the release id in `run.identity.header`"
    if gate.max_latency is not None and gate.max_latency >= timeout:
        yield f"never sees its `max-latency` of {gate.max_latency:g} s: it gives up after `timeout`, {timeout:g} s"
    try:
        re.compile(gate.body)
    except (re.error, RecursionError, OverflowError) as fault:
        yield f"wants a regular expression in `body`: {fault}"


def _prometheus(gate: PrometheusGate) -> Iterator[str]:
    if fault := _address(gate.address):
        yield fault
    queries = {"query": gate.query, **({"samples": gate.samples} if gate.samples else {})}
    for name, query in queries.items():
        yield from (f"in `{name}`: {said}" for said in promql.problems(query, everyone=gate.everyone))
    if gate.min_requests and not gate.samples:
        yield "has `min-requests`, and no query in `samples` that says how many there were"
    if gate.min is not None and gate.max is not None and gate.min > gate.max:
        yield f"can never pass: its `min` of {gate.min:g} is above its `max` of {gate.max:g}"


def _address(address: str) -> str:
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        return "wants an `address` such as http://prometheus:9090"  # what it is instead may be a secret
    if "@" in parts.netloc:
        return "has a login in its `address`, where everybody reads it: use `token`"
    return "has an `address` with a `?` or `#` in it" if parts.query or parts.fragment else ""


def _traffic(gate: TrafficGate, before: bool) -> Iterator[str]:
    if before:
        yield "measures what users get, and before the switch there are none: put it under `after`"
    if gate.max_error_ratio is None and gate.max_latency is None:
        yield "measures nothing: it wants `max-error-ratio`, `max-latency` or both"
