"""The real gates behind the port: from settings, as a record spells them, to measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from readiness.config.deploy import GateSettings
from readiness_deploy.gates.command import CommandProbe
from readiness_deploy.gates.judge import Rule, rule
from readiness_deploy.gates.probe import Found, Hidden, Outside, Probe, whom
from readiness_deploy.gates.prometheus import PrometheusProbe
from readiness_deploy.gates.series import Attempt, Gate, LiveSeries, measurement
from readiness_deploy.gates.traffic import TrafficProbe
from readiness_deploy.gates.web import HttpProbe
from readiness_deploy.ports import Clock, Measurement, Refusal, Subject, Verdict

_MARGIN = 0.1  # the share of its time that a probe keeps back, to say itself that it was slow
_LARGEST_MARGIN = 0.5  # seconds


def unrecorded(_measurement: Measurement) -> None:
    """For those who keep no history."""


class LiveGates:
    """Gates that measure the real world. `record` gets every measurement, in the thread that polls; it never raises."""

    def __init__(self, clock: Clock, outside: Outside, record: Callable[[Measurement], None] = unrecorded) -> None:
        self._clock, self._outside, self._record = clock, outside, record

    def begin(self, gates: Sequence[Mapping[str, Any]], subject: Subject) -> LiveSeries:
        """Start to measure. Settings that cannot be read, as in a record that another version wrote, are a gate that
        cannot tell; an empty list passes at once."""
        return LiveSeries([self._gate(settings, subject) for settings in gates], self._clock, self._record)

    def dry(self, gates: Sequence[Mapping[str, Any]], subject: Subject) -> list[Measurement]:
        """What each gate says right now: one look each, all at once, within the longest of their timeouts. Nothing is
        recorded, and nothing follows from it."""
        made = [self._gate(settings, subject) for settings in gates]
        began = self._clock.now()
        attempts = [Attempt(gate, self._clock, 0.0) for gate in made]
        for attempt in attempts:
            attempt.start()
        found = []
        for gate, attempt in zip(made, attempts, strict=True):
            answer = attempt.found(max(0.001, gate.timeout - (self._clock.now() - began)))
            attempt.give_up()
            found.append(measurement(gate.name, answer[0] if answer else attempt.late(), self._clock.stamp()))
        return found

    def _gate(self, given: Mapping[str, Any], subject: Subject) -> Gate:
        try:
            settings = GateSettings.model_validate(dict(given))
        except ValidationError as fault:
            return self._unreadable(str(given.get("name", "?")), subject, fault)
        seconds = settings.timeout - min(_MARGIN * settings.timeout, _LARGEST_MARGIN)

        def make(hidden: Hidden, elapsed: float) -> Probe:
            return _probe(settings, subject, self._outside, hidden, seconds, elapsed)

        return Gate(
            name=settings.name,
            rule=rule(settings, before=subject.before, duration=subject.duration),
            delay=max(0.0, settings.initial_delay - subject.since),
            timeout=settings.timeout,
            make=make,
            hidden=self._hidden,
            sketch=Found(verdict=Verdict.INCONCLUSIVE, query=sketch(settings), who=whom(subject)),
        )

    def _unreadable(self, name: str, subject: Subject, fault: ValidationError) -> Gate:
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the gate"

        def make(_hidden: Hidden, _elapsed: float) -> Probe:
            raise Refusal(f"its settings cannot be read: {where}: {first['msg']}")

        return Gate(
            name=name,
            rule=Rule(duration=subject.duration, enough=1, inconclusive_limit=0),
            delay=0.0,
            timeout=1.0,
            make=make,
            hidden=self._hidden,
            sketch=Found(verdict=Verdict.INCONCLUSIVE, query="", who=whom(subject)),
        )

    def _hidden(self) -> Hidden:
        return Hidden(self._outside.variables, self._outside.folder)


def sketch(settings: GateSettings) -> str:
    """What a gate asks, in a line, before anything is filled in; it holds no secret."""
    if settings.http:
        return f"GET {settings.http.path}"
    if settings.prometheus:
        return settings.prometheus.query
    if settings.command:
        return " ".join(settings.command.run)
    return "traffic"


def _probe(
    settings: GateSettings, subject: Subject, outside: Outside, hidden: Hidden, seconds: float, elapsed: float
) -> Probe:
    if settings.http:
        return HttpProbe(settings.http, subject, outside, seconds)
    if settings.prometheus:
        return PrometheusProbe(settings.prometheus, subject, outside, hidden, seconds)
    if settings.command:
        return CommandProbe(settings.command, subject, outside, hidden, seconds)
    assert settings.traffic is not None, "the settings have exactly one kind"  # noqa: S101
    return TrafficProbe(settings.traffic, subject, outside, subject.since + elapsed)
