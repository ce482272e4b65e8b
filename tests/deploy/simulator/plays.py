"""What the verbs do, as they do it: take the lock, walk, give it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from readiness_deploy import requests
from readiness_deploy.bluegreen import End, carry_out, walk
from readiness_deploy.ports import Busy, Conflict, Fenced, Lost, Refusal, Request, World
from readiness_deploy.record import Bake, Ending, Freeze, Intent, Record, Release
from readiness_deploy.states import MOVED, Goal, Phase, State

from simulator.actor import Actor
from simulator.faults import Fault, Kind
from simulator.machine import Machine
from simulator.promises import Promises
from simulator.script import Script, release
from simulator.stage import Part, Stage

GATES: tuple[dict[str, Any], ...] = ({"name": "answers"},)
BUSY = End(State.OUSTED, "busy")


def intent(run: str, what: Release, **settings: Any) -> Intent:
    """A run with gates before and after, and a short bake."""
    base: dict[str, Any] = {
        "goal": Goal.DEPLOY, "colour": "blue", "before": GATES, "after": GATES, "plan": f"plan of {run}", "keep": 5.0,
        "bake": Bake(seconds=1.0, converge=2.0, identities=2), "ready_within": 2.0, "min_ready": 0.2,
    }  # fmt: skip
    return Intent(run=run, release=what, **{**base, **settings})


def serving(machine: Machine, what: Release, *, leftover: Release | None = None) -> None:
    """Somebody deployed this before; and, where one is given, left another release in the free slot."""
    machine.boot("blue", what, machine.now - 100)
    process = machine.slots["blue"]
    assert process
    process.chosen = machine.now - 90
    if leftover:
        machine.boot("green", leftover, machine.now - 50)
    last = Ending(run="somebody", release=what.id, version=what.version, outcome="deployed")
    machine.record = Record(generation=7, epoch=3, selected="blue", slots={"blue": what}, last=last)
    machine.actual = frozenset({"blue"})
    machine.database.epoch = 3


@dataclass
class Theatre:
    """One machine with everybody who comes to look at it, and the promises that are watched."""

    machine: Machine
    actors: list[Actor] = field(default_factory=list)
    foreign: bool = False
    guard_faults: list[Fault] = field(default_factory=list)
    promises: Promises = field(init=False)

    def __post_init__(self) -> None:
        self.promises = Promises(self.machine, self.actors, foreign=self.foreign)

    def served_now(self) -> str:
        """The release that the record says serves."""
        serves = self.machine.record.serving()
        return serves.id if serves else ""

    def actor(self, stage: Stage, name: str, fault: Fault | None = None) -> Actor:
        """Somebody new."""
        actor = Actor(self.machine, stage, name, fault=fault)
        self.actors.append(actor)
        return actor

    def stage(self, **how: Any) -> Stage:
        """A stage on this machine; with a guard where the machine has one."""
        stage = Stage(self.machine, **how)
        if self.machine.guard:
            stage.guard = lambda: self.guard(stage)
        return stage

    def guard(self, stage: Stage) -> Part:
        """The guard, as the keeper starts it."""
        fault = self.guard_faults.pop(0) if self.guard_faults else None
        actor = self.actor(stage, f"guard {len(self.actors)}", fault)

        def play() -> End:
            return _locked(actor, lambda: walk(actor.world(guarding=True), None), guard=True)

        return Part(actor.name, play, background=True)

    def alone(self, verb: Callable[[Actor], End], *, fault: Fault | None = None, name: str = "") -> tuple[Part, Actor]:
        """Play one verb to its end, or to its crash. The machine's guard plays along."""
        stage = self.stage()
        actor = self.actor(stage, name or f"actor {len(self.actors)}", fault)
        part = Part(actor.name, lambda: verb(actor))
        stage.play(part)
        return part, actor


Verb = Callable[[Actor], End]


def _locked(actor: Actor, body: Callable[[], End], **how: Any) -> End:
    """The lock for the length of the body. A reply to the taking that is lost is asked for again."""
    for _ in range(3):
        try:
            actor.take(**how)
            break
        except Busy as busy:
            return End(State.OUSTED, str(busy))
        except Lost:
            continue
    else:
        actor.leave()
        return End(State.UNWATCHED, "nothing answers")
    try:
        return body()
    finally:
        actor.leave()


def deploy(wanted: Intent, **how: Any) -> Verb:
    """`readiness deploy`."""
    return lambda actor: _locked(actor, lambda: carry_out(actor.world(), wanted), **how)


def wait(seconds: float) -> Verb:
    """Nobody does anything for a while."""

    def verb(actor: Actor) -> End:
        actor.machine.advance(actor.machine.now + seconds)
        return End(State.IDLE)

    return verb


def dying(verb: Verb, effect: int) -> Verb:
    """The process dies right after its n-th change."""

    def dies(actor: Actor) -> End:
        actor.fault = Fault(Kind.CRASH_AFTER, effect, every_call=False)
        return verb(actor)

    return dies


def freeze(actor: Actor) -> End:
    """`readiness freeze`."""
    actor.machine.freeze(Freeze(reason="holidays", owner="ops", since="today"))
    return End(State.IDLE)


def resume(actor: Actor) -> End:
    """`readiness resume`."""
    return _locked(actor, lambda: walk(actor.world(), None))


def _look(world: World) -> Record | None:
    for _ in range(20):
        try:
            return world.route.observe().record
        except Refusal:
            world.clock.sleep(0.1)
    return None


def rollback(run: str, **how: Any) -> Verb:
    """`readiness rollback`: to the release that served before."""

    def verb(actor: Actor) -> End:
        def body() -> End:
            world = actor.world()
            record = _look(world)
            if record is None:
                return End(State.UNWATCHED, "nothing answers")
            target = record.slots.get(record.previous) if record.previous else None
            if target is None or record.previous is None:
                return End(State.REFUSED, "nothing to go back to")
            wanted = intent(run, target, goal=Goal.ROLLBACK, colour=record.previous, **how)
            return carry_out(world, wanted)

        return _locked(actor, body)

    return verb


def resume_over(actor: Actor) -> End:
    """`readiness resume --take-over`."""
    return _locked(actor, lambda: walk(actor.world(), None), take_over="it hangs")


def _asked(actor: Actor, ask: Callable[[], None]) -> str:
    """Ask for a change of the record; after a lost reply, again. Returns why it was refused, or nothing."""
    lost = False
    for _ in range(20):
        try:
            ask()
            return ""
        except requests.Refused as refused:
            return "" if lost else str(refused)
        except Lost:
            lost = lost or actor.unheard == "write"
        except Conflict:
            continue
    raise Lost("nothing answers")


def _then_walk(actor: Actor, ask: Callable[[], None]) -> End:
    try:
        if refused := _asked(actor, ask):
            return End(State.REFUSED, refused)
    except Fenced as fault:
        return End(State.OUSTED, str(fault))
    except Refusal as fault:
        return End(State.UNWATCHED, str(fault))
    return walk(actor.world(), None)


def abort(actor: Actor) -> End:
    """`readiness abort`: of a run that waits, or whose process is dead."""
    return _locked(actor, lambda: _abort(actor))


def abort_over(actor: Actor) -> End:
    """`readiness abort --take-over`."""
    return _locked(actor, lambda: _abort(actor), take_over="it hangs")


def _abort(actor: Actor) -> End:
    def ask() -> None:
        record = actor.world().route.observe().record
        if record.phase in MOVED:
            actor.machine.ask(Request(kind="abort", by=actor.name))
        elif record.intent is not None and record.phase is not Phase.HELD:
            requests.withdraw(actor.world(), actor.name)

    return _then_walk(actor, ask)


def promote(plan: str) -> Verb:
    """`readiness promote`: agree to a run that waits, as it was planned."""
    return lambda actor: _locked(
        actor,
        lambda: _then_walk(actor, lambda: requests.approve(actor.world(), actor.name, plan, "seen by a person")),
    )


def held(ask: Callable[[Any, str, str], None]) -> Verb:
    """What a person decides on a held run: `requests.keep_it` or `requests.send_back`."""
    return lambda actor: _locked(
        actor, lambda: _then_walk(actor, lambda: ask(actor.world(), actor.name, "seen by a person"))
    )


def go_on(actor: Actor) -> End:
    """`readiness resume` of a held run."""
    return _locked(actor, lambda: _then_walk(actor, lambda: requests.go_on(actor.world())))


def theatre(script: Script | None = None, *, guard: bool = False, lenient: bool = True, **first: Any) -> Theatre:
    """A machine on which v1 serves, and somebody left v0 in the free slot; or an empty one with `serves=None`."""
    machine = Machine(script or Script(), guard=guard, lenient=lenient)
    serves = first.get("serves", release("v1"))
    if serves is not None:
        serving(machine, serves, leftover=first.get("leftover", release("v0")))
    for migration in first.get("applied", ()):
        machine.database.applied.append(migration)
    for migration in first.get("floor", ()):
        machine.database.floor.append(migration)
    return Theatre(machine, foreign=first.get("foreign", False))
