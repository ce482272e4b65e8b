"""What is known of a rollout under way: its steps, its gates, and the traffic of each colour. No drawing here."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

POINTS = 24
"""Values of a gate that are remembered."""

_STEPS = {
    "checking": "readiness of the candidate",
    "releasing": "release",
    "planned": "plan",
    "expanding": "migrations",
    "proving": "old version on the new schema",
    "provisioning": "candidate comes up",
    "verifying": "gates before the switch",
    "approving": "approval",
    "switching": "switch",
    "converging": "switch arrives",
    "baking": "bake",
    "returning": "way back",
    "aborting": "candidate goes",
}
_FOLLOWS = {
    "planned": "announcing",
    "announcing": "expanding",
    "expanding": "proving",
    "proving": "provisioning",
    "provisioning": "verifying",
    "verifying": "approving",
    "approving": "switching",
}
_ROAD = tuple(_STEPS)[:-2]  # the last two are shown only where they are taken
_PHASES = ("converging", "baking", "returning", "aborting")


@dataclass(slots=True)
class Step:
    """One step of the road. `mark` is empty while it lasts, else the name of the event that ended it."""

    name: str
    started: float | None = None
    ended: float | None = None
    mark: str = ""
    said: str = ""

    def seconds(self, now: float) -> float:
        return 0.0 if self.started is None else (now if self.ended is None else self.ended) - self.started


@dataclass(slots=True)
class Gate:
    """What one gate measured last, and the values before that."""

    name: str
    verdict: str = ""
    value: float | None = None
    threshold: str = ""
    n: int | None = None
    who: str = ""
    why: str = ""
    values: deque[float | None] = field(default_factory=lambda: deque(maxlen=POINTS))


@dataclass(slots=True)
class Slot:
    """One colour as the keeper sees it. Traffic is None where nothing was counted."""

    colour: str
    release: str = ""
    standing: str = "absent"
    restarts: int = 0
    in_flight: int = 0
    why: str = ""
    rate: float | None = None
    errors: float | None = None
    p95: float | None = None


class Picture:
    """Grows by what happens (`note`) and what is seen (`seen`). Times are seconds of a clock that never goes back."""

    def __init__(self, title: str, now: float) -> None:
        self.title, self.started = title, now
        self.steps: dict[str, Step] = {name: Step(_STEPS[name]) for name in _ROAD}
        self.gates: dict[str, Gate] = {}
        self.slots: dict[str, Slot] = {}
        self.selected, self.phase, self.last = "", "", ""
        self.bake: tuple[float, float] | None = None  # baked, of so many seconds
        self.guard = False

    def note(self, what: str, details: Mapping[str, Any], now: float) -> None:
        """One event of the rollout."""
        if what == "deed":
            self._deed(str(details.get("state", "")), str(details.get("event", "")), str(details.get("why", "")), now)
        elif what in ("checking", "releasing"):
            self._begin(what, now)
        elif what in ("checked", "released"):
            self._end({"checked": "checking", "released": "releasing"}[what], str(details.get("mark", "ok")), "", now)
            if what == "released":
                self.title += f": {details.get('version', '')} ({details.get('release', '')})"
        elif what == "measured":
            self._measured(details)
        if what != "deed" and details.get("why"):
            self.last = str(details["why"])

    def seen(self, observation: Mapping[str, Any], now: float) -> None:
        """One answer of the keeper to `observe`, as it came."""
        record = observation.get("record") or {}
        self.selected, self.guard = record.get("selected") or "", bool(observation.get("guard"))
        self._phase(str(record.get("phase", "")), now)
        intent = record.get("intent") or {}
        self.bake = None
        if self.phase == "baking":
            self.bake = float(observation.get("baked", 0)), float((intent.get("bake") or {}).get("seconds", 0))
        traffic = observation.get("traffic") or {}
        for colour, view in (observation.get("colours") or {}).items():
            self.slots[colour] = _slot(colour, view, traffic.get(colour) or {})

    def _deed(self, state: str, event: str, why: str, now: float) -> None:
        if event in ("conflict", "lost"):
            return
        self._end(state, event, why, now)
        if event in ("ok", "approved") and state in _FOLLOWS:
            self._begin(_FOLLOWS[state], now)

    def _phase(self, phase: str, now: float) -> None:
        if phase == self.phase:
            return
        if self.phase in _PHASES:
            good = (self.phase, phase) in (("converging", "baking"), ("baking", "stable"), ("returning", "stable"))
            self._end(self.phase, "ok" if good or self.phase == "aborting" else "failed", "", now)
        if phase in _PHASES:
            self._begin(phase, now)
        self.phase = phase

    def _begin(self, name: str, now: float) -> None:
        if name in _STEPS:
            self.steps.setdefault(name, Step(_STEPS[name]))
            self.steps[name] = Step(_STEPS[name], now)

    def _end(self, name: str, mark: str, said: str, now: float) -> None:
        if name not in _STEPS:
            return
        step = self.steps.setdefault(name, Step(_STEPS[name]))
        if step.ended is None:
            step.started = now if step.started is None else step.started
            step.ended, step.mark, step.said = now, mark, said

    def _measured(self, said: Mapping[str, Any]) -> None:
        name = str(said.get("gate", ""))
        gate = self.gates.setdefault(name, Gate(name))
        value = said.get("value")
        gate.value = float(value) if isinstance(value, int | float) else None
        gate.verdict, gate.threshold = str(said.get("verdict", "")), str(said.get("threshold", ""))
        gate.n = said["n"] if isinstance(said.get("n"), int) else None
        gate.who, gate.why = str(said.get("who", "")), str(said.get("why", ""))
        gate.values.append(gate.value)


def _slot(colour: str, view: Mapping[str, Any], traffic: Mapping[str, Any]) -> Slot:
    counted, window = traffic.get("n"), traffic.get("window") or traffic.get("seconds") or 10.0
    slot = Slot(
        colour=colour,
        release=str(view.get("release", "")),
        standing=str(view.get("standing", "absent")),
        restarts=int(view.get("restarts", 0)),
        in_flight=int(view.get("in_flight", 0)),
        why=str(view.get("why", "")),
    )
    if isinstance(counted, int | float):
        slot.rate = counted / float(window)
        bad = (traffic.get("errors") or 0) + (traffic.get("no_answer") or 0)
        slot.errors = bad / counted if counted else None
        slot.p95 = traffic.get("p95") if counted else None
    return slot
