"""Gates at work: each measures again and again in threads of its own, so that whoever asks never waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from readiness_deploy.gates.judge import Look, Rule, Tally, because, judge, together
from readiness_deploy.gates.probe import Found, Hidden, Probe
from readiness_deploy.ports import Clock, Measurement, Refusal, Verdict

_MOST_HANGING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate, ready to measure. `make` gives a probe for a look that begins so many seconds after the series did;
    `sketch` is what is recorded of a look that never came to an end."""

    name: str
    rule: Rule
    delay: float
    timeout: float
    make: Callable[[Hidden, float], Probe]
    hidden: Callable[[], Hidden]
    sketch: Found


class Attempt:
    """One look in a thread of its own. What it finds is fetched with `found`; it may be given up at any time."""

    def __init__(self, gate: Gate, clock: Clock, elapsed: float) -> None:
        self._gate, self._clock, self._elapsed = gate, clock, elapsed
        self.began = clock.now()
        self._answer: queue.SimpleQueue[tuple[Found, float]] = queue.SimpleQueue()
        self._probe: Probe | None = None
        self._given_up = False
        self._thread = threading.Thread(target=self._work, name=f"gate {gate.name}", daemon=True)

    def start(self) -> None:
        """Begin. A machine that has no thread left is no answer."""
        try:
            self._thread.start()
        except RuntimeError as refusal:
            self._answer.put((self._nothing(f"it could not be measured: {refusal}"), self.began))

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def found(self, wait: float = 0.0) -> tuple[Found, float] | None:
        """What it found, and when; None where it has not ended within `wait` seconds. An answer that took longer than
        the gate gives it says nothing."""
        try:
            found, ended = self._answer.get(timeout=wait) if wait else self._answer.get_nowait()
        except queue.Empty:
            return None
        if ended - self.began > self._gate.timeout:
            return self.late(), ended
        return found, ended

    def late(self) -> Found:
        """What is recorded where it took too long."""
        return self._nothing(f"no answer within {self._gate.timeout:g} s")

    def give_up(self) -> None:
        """End it as soon as can be. Nobody waits for it any more."""
        self._given_up = True
        if self._probe:
            self._probe.stop()

    def _work(self) -> None:
        self._answer.put((self._look(), self._clock.now()))

    def _look(self) -> Found:
        hidden = self._gate.hidden()
        try:
            self._probe = self._gate.make(hidden, self._elapsed)
            if self._given_up:
                self._probe.stop()
            found = self._probe.look()
        except Refusal as refusal:
            found = self._nothing(str(refusal))
        except Exception as fault:  # noqa: BLE001 - whatever goes wrong in here is no answer, and must not be a silence
            found = self._nothing(f"it could not be measured: {type(fault).__name__}: {fault}")
        return cleaned(found, hidden)

    def _nothing(self, why: str) -> Found:
        sketch = self._gate.sketch
        return Found(
            verdict=Verdict.INCONCLUSIVE, query=sketch.query, who=sketch.who, threshold=sketch.threshold, why=why
        )


def cleaned(found: Found, hidden: Hidden) -> Found:
    """What was found, without secrets."""
    return Found(
        verdict=found.verdict,
        query=hidden.clean(found.query),
        who=hidden.clean(found.who),
        window=found.window,
        value=found.value,
        threshold=hidden.clean(found.threshold),
        n=found.n,
        why=hidden.clean(found.why),
    )


def measurement(gate: str, found: Found, at: str) -> Measurement:
    """What was found, as it is recorded."""
    return Measurement(
        gate=gate,
        verdict=found.verdict,
        at=at,
        query=found.query,
        window=found.window,
        who=found.who,
        value=found.value,
        threshold=found.threshold,
        n=found.n,
        why=found.why,
    )


@dataclass(slots=True)
class _Track:
    """One gate on its way. `due` is when its next look begins, in seconds since the series began."""

    gate: Gate
    due: float
    tally: Tally = field(default_factory=Tally)
    verdict: Verdict | None = None
    running: Attempt | None = None
    hanging: list[Attempt] = field(default_factory=list)
    last: str = ""


class LiveSeries:
    """The gates of one release, measured whenever somebody polls and a look is due; each has one look at a time."""

    def __init__(self, gates: Sequence[Gate], clock: Clock, record: Callable[[Measurement], None]) -> None:
        self._clock, self._record = clock, record
        self._began = clock.now()
        self._tracks = [_Track(gate, gate.delay) for gate in gates]
        self._verdict = together([]) if not gates else None
        self._closed = False

    def poll(self) -> Verdict | None:
        """The verdict, once there is one; it does not change any more then."""
        if self._verdict is None and not self._closed:
            elapsed = self._clock.now() - self._began
            for track in self._tracks:
                self._advance(track, elapsed)
            self._settle(together(t.verdict for t in self._tracks))
        return self._verdict

    def finish(self) -> Verdict:
        """The verdict at the end. What a gate's rule wants to see up to the end must have been seen."""
        if self._verdict is None:
            for track in self._tracks:
                if not self._closed:
                    self._collect(track, self._clock.now() - self._began)
                if track.verdict is None:
                    track.verdict = judge(track.gate.rule, track.tally, track.gate.rule.duration)
            self._settle(together(t.verdict for t in self._tracks))
        return self._verdict or Verdict.INCONCLUSIVE

    def why(self) -> str:
        """The gates that decided it, each with its last words."""
        if not self._tracks:
            return "there are no gates"
        if self._verdict is None:
            return "not decided yet"
        said = [_sentence(t) for t in self._tracks if t.verdict is self._verdict]
        return "; ".join(said)

    def close(self) -> None:
        """No look begins any more, and what is under way is ended."""
        self._closed = True
        for track in self._tracks:
            for attempt in (*track.hanging, *([track.running] if track.running else ())):
                attempt.give_up()
            track.running = None

    def _advance(self, track: _Track, elapsed: float) -> None:
        if track.verdict is not None:
            return
        self._collect(track, elapsed)
        rule = track.gate.rule
        track.verdict = judge(rule, track.tally, elapsed)
        if track.verdict is None and track.running is None and elapsed >= track.due:
            self._begin(track, elapsed)

    def _begin(self, track: _Track, elapsed: float) -> None:
        track.due = elapsed + track.gate.rule.interval
        track.hanging = [attempt for attempt in track.hanging if attempt.alive]
        if len(track.hanging) >= _MOST_HANGING:
            nothing = track.hanging[0].late()
            self._count(track, nothing, elapsed, elapsed)
            return
        track.running = Attempt(track.gate, self._clock, elapsed)
        track.running.start()

    def _collect(self, track: _Track, elapsed: float) -> None:
        attempt = track.running
        if attempt is None:
            return
        began = attempt.began - self._began
        answer = attempt.found()
        if answer is not None:
            found, ended = answer
            self._count(track, found, began, ended - self._began)
        elif elapsed - began > track.gate.timeout:
            attempt.give_up()
            track.hanging.append(attempt)
            self._count(track, attempt.late(), began, elapsed)
        else:
            return
        track.running = None

    def _count(self, track: _Track, found: Found, began: float, ended: float) -> None:
        track.tally = track.tally.and_then(Look(found.verdict, began, ended), track.gate.rule)
        if found.verdict is not Verdict.PASS:
            track.last = found.why
        self._record(measurement(track.gate.name, found, self._clock.stamp()))

    def _settle(self, verdict: Verdict | None) -> None:
        self._verdict = verdict
        if verdict is not None:
            self.close()


def _sentence(track: _Track) -> str:
    verdict = track.verdict or Verdict.INCONCLUSIVE
    last = f" (the last one: {track.last})" if track.last and verdict is not Verdict.PASS else ""
    word = {Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.INCONCLUSIVE: "could not tell"}[verdict]
    return f"gate {track.gate.name} {word}: {because(track.gate.rule, track.tally, verdict)}{last}"
