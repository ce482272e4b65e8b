"""Every scenario, cut short at every point, and finished by whoever comes next.

The loops have no numbers of points in them: a fault is put at call 1, 2, 3 … until a run passes without meeting it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from readiness_deploy import requests
from readiness_deploy.bluegreen import End
from readiness_deploy.ports import Request, Verdict
from readiness_deploy.record import Bake, Freeze, Intent
from readiness_deploy.states import MOVED, Colour, Goal, Phase, State

from simulator import plays, script
from simulator.faults import BREAKDOWNS, CRASHES, FOREVER, Fault, Kind, Violation
from simulator.plays import Theatre, Verb, deploy, intent, theatre
from simulator.promises import honest, settled
from simulator.script import Behaviour, Script, release

EXPAND: dict[str, script.Kind] = {"m1": "expand", "m2": "expand"}


@dataclass(frozen=True, eq=False)
class Scenario:
    """A play, where it takes place, and how it ends when nobody dies. `before` are plays that go well first."""

    name: str
    place: Callable[[], Theatre]
    verb: Callable[[], Verb]
    ends: State
    wanted: Intent | None = None
    before: tuple[Callable[[], Verb], ...] = ()
    strict: bool = False

    def ready(self) -> Theatre:
        """The place, after what comes before."""
        place = self.place()
        for verb in self.before:
            place.alone(verb())
        return place


def _when(place: Theatre, phase: Phase, act: Callable[[], None]) -> Theatre:
    """Do something once, when the record comes to this phase."""
    done: list[bool] = []

    def look(who: str, what: str) -> None:
        if not done and place.machine.record.phase is phase:
            done.append(True)
            act()

    place.machine.observers.append(look)
    return place


def _asking(kind: str, phase: Phase, place: Theatre) -> Theatre:
    def ask() -> None:
        place.machine.ask(Request(kind=kind, by="somebody"))

    return _when(place, phase, ask)


def _breaking(colour: Colour, phase: Phase, place: Theatre) -> Theatre:
    return _when(place, phase, lambda: place.machine.break_down(colour))


V2 = intent("r2", release("v2"))
V2M = intent("r2", release("v2", "m1", "m2"), expand=("m1", "m2"))
V2C = intent("r2", release("v2", "m1", "c1"), expand=("m1",))
V2A = intent("r2", release("v2"), approval="required")
V2UNSAFE = intent("r2", release("v2", data_unsafe=True))
V2HOLD = intent("r2", release("v2"), bake=Bake(seconds=1.0, converge=2.0, identities=2, on_no_data="hold"))


def _with(**behaviour: object) -> Callable[[], Theatre]:
    script = Script(releases={"v2": Behaviour(**behaviour)}, migrations=EXPAND)  # type: ignore[arg-type]
    return lambda: theatre(script)


def _frozen() -> Theatre:
    place = theatre()
    place.machine.freeze(Freeze(reason="holidays", owner="ops", since="today"))
    place.promises.former = place.machine.record
    return place


def _migrating(**how: object) -> Callable[[], Theatre]:
    return lambda: theatre(Script(migrations=EXPAND, **how))  # type: ignore[arg-type]


SCENARIOS = (
    Scenario("first deploy", lambda: theatre(serves=None), lambda: deploy(V2), State.DONE, V2),
    Scenario(
        "first deploy fails",
        lambda: theatre(Script(releases={"v2": Behaviour(before=Verdict.FAIL)}), serves=None),
        lambda: deploy(V2),
        State.ABORTED,
        V2,
    ),
    Scenario("upgrade", theatre, lambda: deploy(V2), State.DONE, V2),
    Scenario("upgrade under a strict keeper", lambda: theatre(lenient=False), lambda: deploy(V2), State.DONE, V2),
    Scenario("with migrations", _migrating(), lambda: deploy(V2M), State.DONE, V2M),
    Scenario(
        "leaves contract migrations alone",
        lambda: theatre(Script(migrations={**EXPAND, "c1": "contract"})),
        lambda: deploy(V2C),
        State.DONE,
        V2C,
    ),
    Scenario("migration fails", _migrating(broken=frozenset({"m2"})), lambda: deploy(V2M), State.ABORTED, V2M),
    Scenario("migration gets no lock", _migrating(locked={"m2": 99}), lambda: deploy(V2M), State.ABORTED, V2M),
    Scenario(
        "old release unfit for the schema",
        _migrating(releases={"v1": Behaviour(unfit_for=frozenset({"m1"}))}),
        lambda: deploy(V2M),
        State.ABORTED,
        V2M,
    ),
    Scenario("gate fails", _with(before=Verdict.FAIL), lambda: deploy(V2), State.ABORTED, V2),
    Scenario("gate cannot tell", _with(before=Verdict.INCONCLUSIVE), lambda: deploy(V2), State.DOUBTFUL, V2),
    Scenario("gate never answers", _with(before=None), lambda: deploy(V2), State.DOUBTFUL, V2),
    Scenario("never ready", _with(ready_after=None), lambda: deploy(V2), State.ABORTED, V2),
    Scenario("crashes at once", _with(crash_after=0.2), lambda: deploy(V2), State.ABORTED, V2),
    Scenario("fails after the switch", _with(fails_after=0.5), lambda: deploy(V2), State.ROLLED_BACK, V2),
    Scenario("restarts after the switch", _with(limps=True), lambda: deploy(V2), State.ROLLED_BACK, V2),
    Scenario("gate fails in the bake", _with(after=Verdict.FAIL), lambda: deploy(V2), State.ROLLED_BACK, V2),
    Scenario("no data in the bake", _with(after=None), lambda: deploy(V2), State.ROLLED_BACK, V2),
    Scenario("no data in the bake: hold", _with(after=None), lambda: deploy(V2HOLD), State.HELD, V2HOLD),
    Scenario("another release answers", _with(answers="v1"), lambda: deploy(V2), State.ROLLED_BACK, V2),
    Scenario("unsafe to take back", _with(after=Verdict.FAIL), lambda: deploy(V2UNSAFE), State.HELD, V2UNSAFE),
    Scenario(
        "both bad",
        lambda: theatre(
            Script(releases={"v2": Behaviour(fails_after=0.4), "v1": Behaviour(crash_after=101.5)}),
        ),
        lambda: deploy(V2),
        State.HELD,
        V2,
    ),
    Scenario(
        "the old one dies on the way back",
        lambda: _breaking("blue", Phase.RETURNING, _with(after=Verdict.FAIL)()),
        lambda: deploy(V2),
        State.HELD,
        V2,
    ),
    Scenario(
        "rollback by hand, the old one gone",
        theatre,
        lambda: plays.rollback("r3"),
        State.DONE,
        None,
        (lambda: deploy(V2), lambda: plays.wait(60)),
    ),
    Scenario("rollback by hand", theatre, lambda: plays.rollback("r3"), State.ROLLED_BACK, None, (lambda: deploy(V2),)),
    Scenario(
        "rollback asked for in the bake",
        lambda: _asking("rollback", Phase.BAKING, theatre()),
        lambda: deploy(V2),
        State.ROLLED_BACK,
        V2,
    ),
    Scenario(
        "promoted in the bake", lambda: _asking("promote", Phase.BAKING, theatre()), lambda: deploy(V2), State.DONE, V2
    ),
    Scenario("waits for approval", theatre, lambda: deploy(V2A), State.WAITING, V2A),
    Scenario("approved", theatre, lambda: plays.promote("plan of r2"), State.DONE, V2A, (lambda: deploy(V2A),)),
    Scenario(
        "approved another plan",
        theatre,
        lambda: plays.promote("plan of r1"),
        State.REFUSED,
        None,
        (lambda: deploy(V2A),),
    ),
    Scenario("aborted while it waits", theatre, lambda: plays.abort, State.ABORTED, None, (lambda: deploy(V2A),)),
    Scenario(
        "supersedes one that waits",
        theatre,
        lambda: deploy(intent("r3", release("v3"))),
        State.DONE,
        intent("r3", release("v3")),
        (lambda: deploy(V2A),),
    ),
    Scenario(
        "a doubt is overruled",
        _with(before=Verdict.INCONCLUSIVE),
        lambda: plays.promote(""),
        State.DONE,
        V2,
        (lambda: deploy(V2),),
    ),
    Scenario(
        "a doubt is asked again",
        _with(before=Verdict.INCONCLUSIVE, later=Verdict.PASS),
        lambda: plays.go_on,
        State.DONE,
        V2,
        (lambda: deploy(V2),),
    ),
    Scenario(
        "held, and accepted",
        _with(after=None),
        lambda: plays.held(requests.keep_it),
        State.DONE,
        None,
        (lambda: deploy(V2HOLD),),
    ),
    Scenario(
        "held, and sent back",
        _with(after=None),
        lambda: plays.held(requests.send_back),
        State.ROLLED_BACK,
        None,
        (lambda: deploy(V2HOLD),),
    ),
    Scenario(
        "resume of what died before the switch",
        _migrating(),
        lambda: plays.resume,
        State.DONE,
        None,
        (lambda: plays.dying(deploy(V2M), 5),),
    ),
    Scenario(
        "resume of what died after the switch",
        _with(after=Verdict.FAIL),
        lambda: plays.resume,
        State.ROLLED_BACK,
        None,
        (lambda: plays.dying(deploy(V2), 4),),
    ),
    Scenario(
        "frozen while it waits",
        theatre,
        lambda: plays.promote("plan of r2"),
        State.REFUSED,
        V2A,
        (lambda: deploy(V2A), lambda: plays.freeze),
    ),
    Scenario("frozen", _frozen, lambda: deploy(V2), State.REFUSED, V2),
    Scenario(
        "below the floor",
        lambda: theatre(Script(migrations={"m0": "contract"}), applied=("m0",), floor=("m0",)),
        lambda: deploy(V2),
        State.REFUSED,
        V2,
    ),
)

FICKLE = Scenario(
    "gate fails in the bake, and would pass later",
    _with(after=Verdict.FAIL, later=Verdict.PASS),
    lambda: deploy(V2),
    State.ROLLED_BACK,
    V2,
)
"""Only for lost replies: a process that dies after it saw the gate fail takes its knowledge along."""


def plain(place: Theatre) -> tuple[object, ...]:
    """What a command that has nothing to do leaves alone: everything but the epoch."""
    machine = place.machine
    numbers = tuple((c, p.number, p.stopping is None) for c, p in machine.slots.items() if p)
    return (machine.record.generation, numbers, tuple(machine.database.applied))


ABORTS = (State.ABORTED, State.SUPERSEDED, State.REFUSED, State.ROLLED_BACK, State.IDLE, State.DONE, State.HELD)
V9 = intent("r9", release("v9", "m1", "m2", "m0"))
RECOVERIES: dict[str, Callable[[], Verb]] = {
    "resume": lambda: plays.resume,
    "abort": lambda: plays.abort,
    "deploy": lambda: deploy(V9),
}


@dataclass
class Figures:
    """What was tried."""

    runs: int = 0
    checks: int = 0
    points: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, place: Theatre) -> None:
        """One more point."""
        self.runs += 1
        self.checks += place.promises.checked
        self.points[what] = self.points.get(what, 0) + 1


def faults(kinds: tuple[Kind, ...], every_call: bool, run: Callable[[Fault], None]) -> int:
    """Put each kind of fault at 1, 2, 3 … and run, until a run does not meet it. Returns how many were met."""
    met = 0
    for kind in kinds:
        number = 0
        while True:
            number += 1
            fault = Fault(kind, number, every_call)
            run(fault)
            if not fault.happened:
                break
            met += 1
    return met


def crash(scenario: Scenario, recovery: str, fault: Fault, again: Fault | None = None) -> Theatre:
    """One crash in this scenario, and a recovery; with `again` a second crash, in the recovery, and another recovery.
    Raises Violation."""
    place = scenario.ready()
    served = place.served_now()
    start = settled(place.machine)
    part, _ = place.alone(scenario.verb(), fault=fault)
    if not part.crashed:
        return place
    if again is not None:
        second, _ = place.alone(RECOVERIES[recovery](), fault=again)
        if not second.crashed:
            return place
    _recover(place, scenario, recovery, served, start)
    return place


def _recover(
    place: Theatre, scenario: Scenario, recovery: str, served: str, start: tuple[object, ...], *, same: bool = True
) -> None:
    machine = place.machine
    wanted = V9 if recovery == "deploy" else None
    part, _ = place.alone(RECOVERIES[recovery]())
    end: End = part.result
    honest(machine, end, wanted, served)
    if end.state is State.OUSTED:
        raise Violation(f"converges: {recovery} was kept out: {end.why}")
    if end.state is State.UNWATCHED:
        raise Violation(f"converges: {recovery} gave up: {end.why}")
    taken_back = end.state is State.ROLLED_BACK and place.machine.asked
    if recovery == "deploy" and not taken_back and end.state not in (State.DONE, State.HELD, State.REFUSED):
        raise Violation(f"converges: the next deploy ended as {end.state}: {end.why}")
    if recovery == "resume" and same:
        same_end(scenario, settled(machine), start)
    if machine.record.phase not in (Phase.STABLE, Phase.HELD, Phase.AWAITING):
        raise Violation(f"converges: {machine.record.phase} after {recovery}")
    if recovery == "abort" and end.state not in ABORTS:
        raise Violation(f"converges: abort ended as {end.state}: {end.why}")
    before = plain(place)
    place.alone(plays.resume)
    if plain(place) != before:
        raise Violation(f"converges: a resume after {recovery} still changed something")
    no_litter(place)


@functools.cache
def stages(scenario: Scenario) -> frozenset[tuple[object, ...]]:
    """What a resumed run may come to: the undisturbed end; or, where the crash came between two runs, the end of the
    first of them, since nobody meant the second one yet."""
    clean = scenario.ready()
    ends: set[tuple[object, ...]] = set()

    def look(who: str, what: str) -> None:
        if clean.machine.record.phase is Phase.STABLE and what.startswith("write"):
            ends.add(_unlocked(settled(clean.machine)))

    clean.machine.observers.append(look)
    clean.alone(scenario.verb())
    return frozenset(ends | {settled(clean.machine)})


@functools.cache
def undisturbed(scenario: Scenario) -> tuple[object, ...]:
    """What the scenario comes to when nobody disturbs it."""
    place = scenario.ready()
    place.alone(scenario.verb())
    return settled(place.machine)


def _unlocked(end: tuple[object, ...]) -> tuple[object, ...]:
    return (*end[:-1], None)


def same_end(scenario: Scenario, now: tuple[object, ...], start: tuple[object, ...]) -> None:
    """What a resumed run comes to is what it comes to undisturbed, or nothing where it had not begun."""
    ends = stages(scenario)
    if now != start and now not in ends:
        raise Violation(f"same end: {now}, undisturbed {sorted(ends, key=str)}")


def no_litter(place: Theatre) -> None:
    """When the time of the old release is over, only the release that serves is left, and what was there before."""
    machine = place.machine
    if machine.record.phase is not Phase.STABLE:
        return
    machine.advance(machine.now + 60)
    left = {p.release.id for p in machine.slots.values() if p}
    serves = machine.record.serving()
    untouched = {"v0"} if machine.record.last is None or machine.record.last.run == "somebody" else set()
    if left - untouched != ({serves.id} if serves else set()):
        raise Violation(f"litter: {sorted(left)} are left, {serves.id if serves else 'nothing'} serves")


def lost(scenario: Scenario, fault: Fault) -> Theatre:
    """One lost reply. The run itself must come to the same end, or say honestly that it could not. Raises Violation."""
    place = scenario.ready()
    served = place.served_now()
    part, _ = place.alone(scenario.verb(), fault=fault)
    end: End = part.result
    honest(place.machine, end, scenario.wanted, served)
    if fault.happened and fault.times == 1:
        if settled(place.machine) != undisturbed(scenario):
            raise Violation(f"same end: {settled(place.machine)}, undisturbed {undisturbed(scenario)}")
        if end.state is not scenario.ends:
            raise Violation(f"honest: said {end.state} ({end.why}), undisturbed {scenario.ends}")
    return place


def silence(scenario: Scenario, fault: Fault) -> Theatre:
    """From one call on, no reply comes any more. The run ends and does not claim what is not so; a resume finishes it.
    Raises Violation."""
    place = scenario.ready()
    served, start = place.served_now(), settled(place.machine)
    forever = Fault(fault.kind, fault.at, fault.every_call, times=FOREVER)
    part, _ = place.alone(scenario.verb(), fault=forever)
    fault.happened = forever.happened
    honest(place.machine, part.result, scenario.wanted, served)
    if fault.happened:
        _recover(place, scenario, "resume", served, start, same=False)
    return place


def disturbed(scenario: Scenario, fault: Fault, *, guard: bool = False) -> Theatre:
    """Something happens at one call. Whatever comes of it is told as it is, and a resume leaves nothing half done.
    Raises Violation."""
    try:
        return _disturbed(scenario, fault, guard=guard)
    except Violation:
        if fault.kind not in BREAKDOWNS or fault.struck != "write":
            raise
    # Between the last look and the write only the server of the record can see it: a strict one refuses.
    return _disturbed(scenario, Fault(fault.kind, fault.at, fault.every_call), guard=guard, lenient=False)


def _disturbed(scenario: Scenario, fault: Fault, *, guard: bool, lenient: bool = True) -> Theatre:
    place = scenario.ready()
    place.machine.guard = guard
    place.machine.lenient = place.machine.lenient and lenient
    served, start = place.served_now(), settled(place.machine)
    part, _ = place.alone(scenario.verb(), fault=fault)
    end: End = part.result
    if end.state is not State.OUSTED:
        honest(place.machine, end, scenario.wanted, served, ready=fault.kind not in BREAKDOWNS)
    if fault.happened:
        _recover(place, scenario, "resume", served, start, same=False)
    return place


def guarded(scenario: Scenario, fault: Fault | None, *, guard_fault: Fault | None = None) -> Theatre:
    """With a guard that takes over after the switch: the deployer dies, or the guard does. Raises Violation."""
    place = scenario.ready()
    place.machine.guard = True
    served, start = place.served_now(), settled(place.machine)
    place.guard_faults = [guard_fault] if guard_fault else []
    part, _ = place.alone(scenario.verb(), fault=fault)
    if not part.crashed:
        honest(place.machine, part.result, scenario.wanted, served)
        if part.result.state is not scenario.ends:
            raise Violation(f"honest: said {part.result.state} ({part.result.why}), undisturbed {scenario.ends}")
    if place.machine.record.phase in MOVED:
        raise Violation(f"guarded: nobody goes on, and the phase is {place.machine.record.phase}")
    _recover(place, scenario, "resume", served, start)
    return place


def all_crashes(scenario: Scenario, recoveries: tuple[str, ...], figures: Figures, *, every_call: bool) -> None:
    """Each single crash with each recovery."""
    for recovery in recoveries:

        def run(fault: Fault, recovery: str = recovery) -> None:
            place = _told(scenario, f"{fault}, then {recovery}", lambda: crash(scenario, recovery, fault))
            if fault.happened:
                figures.count("single crashes", place)

        faults(CRASHES, every_call, run)


def double_crashes(scenario: Scenario, recovery: str, figures: Figures, *, every_call: bool = False) -> None:
    """Each crash, and each crash of the recovery."""

    def outer(first: Fault) -> None:
        def inner(second: Fault) -> None:
            what = f"{first}, then {recovery} with {second}"
            place = _told(
                scenario, what, lambda: crash(scenario, recovery, Fault(first.kind, first.at, every_call), second)
            )
            if second.happened:
                figures.count("double crashes", place)

        probe = scenario.ready()
        probe.alone(scenario.verb(), fault=first)
        if first.happened:
            faults(CRASHES, every_call, inner)

    faults(CRASHES, every_call, outer)


def _told(scenario: Scenario, what: str, run: Callable[[], Theatre]) -> Theatre:
    try:
        return run()
    except Violation as violation:
        raise AssertionError(f"{scenario.name}: {what}: {violation}") from violation


def clean(scenario: Scenario) -> End:
    """The scenario undisturbed. Raises Violation."""
    place = scenario.ready()
    served = place.served_now()
    part, _ = place.alone(scenario.verb())
    end: End = part.result
    honest(place.machine, end, scenario.wanted, served)
    before = plain(place)
    place.alone(plays.resume)
    if plain(place) != before:
        raise Violation("converges: a resume of what is finished changed something")
    no_litter(place)
    return end


def foreign_route() -> None:
    """A route that the record does not explain is left alone by everybody, and everybody says so. Raises Violation."""
    edits: tuple[frozenset[Colour], ...] = (frozenset(), frozenset({"green"}), frozenset({"blue", "green"}))
    for actual in edits:
        for verb in (deploy(V2), plays.resume, plays.rollback("r3"), plays.abort):
            place = theatre(foreign=True)
            place.machine.observers.clear()
            place.machine.actual = actual
            before = plain(place)
            part, _ = place.alone(verb)
            if part.result.state not in (State.HELD, State.REFUSED):
                raise Violation(f"honest: said {part.result.state}, the route selects {sorted(actual)}")
            if plain(place) != before or place.machine.actual != actual:
                raise Violation("foreign: somebody else's route was touched")


def named(names: Iterator[str] | tuple[str, ...]) -> list[Scenario]:
    """The scenarios of these names."""
    wanted = set(names)
    return [s for s in SCENARIOS if s.name in wanted]


__all__ = [
    "SCENARIOS",
    "Figures",
    "Goal",
    "Scenario",
    "all_crashes",
    "clean",
    "double_crashes",
    "foreign_route",
    "lost",
    "named",
]
