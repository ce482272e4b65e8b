"""One process that looks at the machine through the ports: a deployer, a person's command, or the guard.

Each call through a door is numbered; faults strike before it, or after it has taken effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from readiness_deploy.ports import (
    Conflict,
    Fenced,
    Holder,
    Lost,
    Observation,
    SchemaView,
    Subject,
    Verdict,
    World,
)
from readiness_deploy.record import Freeze, Record, Release
from readiness_deploy.states import Colour, Goal, other

from simulator.faults import CRASHES, EVENTS, LOSSES, REFUSALS, Crash, Fault, Kind
from simulator.machine import Machine
from simulator.stage import Stage

T = TypeVar("T")
NEVER_LOST = ("sleep", "begin", "poll", "finish")
CHANGES = frozenset({"write", "start", "stop", "retire", "apply", "take"})


@dataclass(frozen=True, slots=True)
class Proof:
    """A verdict that gates came to, and on what. `process` is the number of the process that they measured."""

    actor: str
    release: str
    colour: Colour
    process: int
    before: bool
    verdict: Verdict
    measured: bool


class Actor:
    """See the module. `epoch` is the one that its lock gave it."""

    def __init__(self, machine: Machine, stage: Stage, name: str, *, fault: Fault | None = None) -> None:
        self.machine = machine
        self.stage = stage
        self.name = name
        self.fault = fault
        self.epoch = -1
        self.dead = False
        self.calls = 0
        self.effects = 0
        self.changed = 0
        self.interrupt = ""
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.trace: list[str] = []
        self.proofs: list[Proof] = []
        self.unheard = ""
        self.changing: list[int] = []

    def call(self, name: str, deed: Callable[[], T], detail: str = "") -> T:
        """One call through a door."""
        if self.dead:
            raise Crash
        effect = None
        self.calls += 1
        if name in CHANGES:
            self.effects += 1
            effect = self.effects
            self.changing.append(self.calls)
        self.stage.boundary()
        self._strike(name, effect, Kind.CRASH_BEFORE, Kind.LOST_BEFORE, *REFUSALS, *EVENTS)
        self.trace.append(f"{name} {detail}".strip())
        result = deed()
        if effect is not None:
            self.changed += 1
            self.machine.tell(self.name, f"{name} {detail}".strip())
        self._strike(name, effect, Kind.CRASH_AFTER, Kind.LOST_AFTER)
        return result

    def _strike(self, name: str, effect: int | None, *kinds: Kind) -> None:
        fault = self.fault
        if fault is None or not fault.strikes(name, self.calls, effect, kinds):
            return
        if fault.kind in CRASHES:
            self.die()
        elif name in ("take", "observe") and fault.kind in REFUSALS:
            return
        elif fault.kind in LOSSES and (name not in NEVER_LOST or fault.only == name):
            self.unheard = name
            raise Lost("no reply")
        elif fault.kind is Kind.CONFLICT:
            raise Conflict("another generation")
        elif fault.kind is Kind.FENCE:
            raise Fenced("a later epoch")
        elif fault.kind in EVENTS:
            self._happen(fault.kind)

    def _happen(self, kind: Kind) -> None:
        machine = self.machine
        if kind is Kind.INTERRUPT:
            self.interrupt = "SIGINT"
        elif kind is Kind.MEDDLE:
            machine.record = machine.record.but()
        elif kind is Kind.FREEZE:
            machine.freeze(Freeze(reason="stop", owner="somebody", since="now"))
        elif machine.record.selected:
            run = machine.record.intent
            new = run.colour if run and run.goal is Goal.DEPLOY else other(machine.record.selected)
            machine.break_down(new if kind is Kind.BREAK_NEW else other(new))

    def die(self) -> None:
        """End at once, as by SIGKILL: the kernel closes the connection, and with it the lock is free."""
        self.dead = True
        self.machine.leave(self.name)
        raise Crash

    # The lock, which stands outside the ports

    def take(self, *, take_over: str = "", guard: bool = False) -> None:
        """Take the lock. Raises Busy."""
        holder = Holder(by=self.name, host="here", pid=1, run="", since="", guard=guard)
        self.epoch = self.call("take", lambda: self.machine.take(self.name, holder, take_over=take_over))

    def leave(self) -> None:
        """Give the lock back, and close the connection."""
        if not self.dead:
            self.machine.leave(self.name)

    def world(self, *, guarding: bool = False, detach: bool = False) -> World:
        """All doors of this actor."""
        return World(
            route=_Route(self),
            colours=_Colours(self),
            schema=_Schema(self),
            gates=_Gates(self),
            entry=_Entry(self),
            clock=_Clock(self),
            journal=_Journal(self),
            interrupts=_Interrupts(self),
            guarding=guarding,
            detach=detach,
        )


class _Route:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def observe(self) -> Observation:
        return self._actor.call("observe", self._actor.machine.observe)

    def write(self, record: Record) -> None:
        actor = self._actor
        detail = f"{record.phase} {record.selected or 'nothing'}"
        actor.call("write", lambda: actor.machine.write(actor.name, actor.epoch, record), detail)


class _Colours:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def start(self, colour: Colour, release: Release) -> None:
        actor = self._actor
        actor.call("start", lambda: actor.machine.start(actor.epoch, colour, release), f"{colour} {release.id}")

    def stop(self, colour: Colour) -> None:
        actor = self._actor
        actor.call("stop", lambda: actor.machine.stop(actor.epoch, colour), colour)

    def retire(self, colour: Colour, after: float) -> None:
        actor = self._actor
        actor.call("retire", lambda: actor.machine.retire(actor.epoch, colour, after), f"{colour} {after:g}")


class _Schema:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def observe(self) -> SchemaView:
        return self._actor.call("schema", self._actor.machine.schema)

    def claim(self) -> None:
        actor = self._actor
        actor.call("claim", lambda: actor.machine.claim(actor.epoch))

    def apply(self, migration: str) -> None:
        actor = self._actor
        actor.call("apply", lambda: actor.machine.apply(actor.epoch, migration), migration)


class _Gates:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def begin(self, gates: Sequence[Mapping[str, Any]], subject: Subject) -> _Series:
        return self._actor.call("begin", lambda: _Series(self._actor, bool(gates), subject), subject.release.id)


class _Series:
    """Gates that come to what the script says, when it says so, about the process that is really there."""

    def __init__(self, actor: Actor, any_gates: bool, subject: Subject) -> None:
        self._actor = actor
        self._machine = actor.machine
        self._any = any_gates
        self._subject = subject
        self._began = actor.machine.now
        self._process = self._number()
        measured = (self._process, subject.before)
        self._again = measured in actor.machine.measured
        actor.machine.measured.append(measured)
        self._verdict: Verdict | None = None
        self._why = "nothing was measured"

    def _number(self) -> int:
        process = self._machine.slots[self._subject.colour]
        return process.number if process and process.release.id == self._subject.release.id else -1

    def _look(self) -> Verdict | None:
        if not self._any:
            return Verdict.PASS
        behaviour = self._machine.script.of(self._subject.release.id)
        wanted = behaviour.before if self._subject.before else behaviour.after
        if self._again and behaviour.later is not None:
            wanted = behaviour.later
        if wanted is None or self._machine.now - self._began < behaviour.gate_takes:
            return None
        if self._process < 0 or self._process != self._number():
            return Verdict.INCONCLUSIVE
        if not self._machine.view(self._subject.colour).ready:
            return Verdict.FAIL
        return wanted

    def _settle(self, verdict: Verdict) -> Verdict:
        if self._verdict is None:
            self._verdict, self._why = verdict, f"the script says {verdict}"
            subject, actor = self._subject, self._actor
            actor.proofs.append(
                Proof(actor.name, subject.release.id, subject.colour, self._process, subject.before, verdict, self._any)
            )
        return self._verdict

    def poll(self) -> Verdict | None:
        verdict = self._verdict or self._actor.call("poll", self._look)
        return self._settle(verdict) if verdict else None

    def finish(self) -> Verdict:
        return self._verdict or self._settle(self._actor.call("finish", self._look) or Verdict.INCONCLUSIVE)

    def why(self) -> str:
        return self._why

    def close(self) -> None:
        return None


class _Entry:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def identity(self) -> str:
        return self._actor.call("identity", self._actor.machine.identity)


class _Clock:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def now(self) -> float:
        return self._actor.machine.now

    def stamp(self) -> str:
        return f"2026-01-01T00:00:{self._actor.machine.now:09.3f}Z"

    def sleep(self, seconds: float) -> None:
        self._actor.call("sleep", lambda: self._actor.stage.sleep(seconds))


class _Journal:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def note(self, what: str, **details: Any) -> None:
        self._actor.notes.append((what, details))


class _Interrupts:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def pending(self) -> str:
        return self._actor.interrupt
