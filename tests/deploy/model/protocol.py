"""The protocol of a rollout without its code: who may write when, what a crash leaves, and who goes on.

Two deployers with runs of their own, a guard, a foreign writer, colours that fall over, and a crash of anybody at any
step. A look and the write that it leads to are two steps, so that everything can come between them. All states that
can be reached are visited; each must keep the promises, and none may be a dead end.

A rule of the protocol can be switched off by name (`Rules`): then a promise must break, or the rule is superfluous.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

STABLE, PREPARING, ABORTING, CONVERGING, BAKING, RETURNING, HELD = "stable prep abort conv bake return held".split()
MOVED = (CONVERGING, BAKING, RETURNING)
NOBODY, GUARD = -1, 2
FIRST = 9  # the release that served before anybody came


class Slot(NamedTuple):
    """What runs in a colour: a run's release, whether it is well, whether its gates passed since it was started."""

    run: int = NOBODY
    well: bool = False
    proven: bool = False


class Record(NamedTuple):
    """The one document. `run` is the run in flight, `last` the one that ended last."""

    generation: int = 0
    epoch: int = 0
    phase: str = STABLE
    selected: int = 0
    run: int = NOBODY
    last: int = NOBODY
    frozen: bool = False


class Actor(NamedTuple):
    """A process: what it does next, its epoch, and the record that it has seen."""

    at: str = "off"
    epoch: int = 0
    seen: Record | None = None


class World(NamedTuple):
    """Everything."""

    record: Record = Record()
    slots: tuple[Slot, Slot] = (Slot(FIRST, True, True), Slot())
    actors: tuple[Actor, Actor, Actor] = (Actor(), Actor(), Actor())
    lock: int = NOBODY
    crashes: int = 1
    takeovers: int = 1
    troubles: int = 1
    meddlers: int = 1


@dataclass(frozen=True)
class Rules:
    """What the protocol rests on."""

    compare_and_swap: bool = True
    fence_writes: bool = True
    fence_colours: bool = True
    takeover_raises_epoch: bool = True
    intent_first: bool = True
    gates_again: bool = True
    server_refuses_what_is_down: bool = True
    settle_before_deploy: bool = True
    lock_dies_with_holder: bool = True


class Broken(Exception):
    """A promise that does not hold."""


class Protocol:
    """The steps that can be taken from a world, under these rules, with or without a guard."""

    def __init__(self, rules: Rules = Rules(), *, guard: bool = True) -> None:
        self.rules = rules
        self.guard = guard

    def steps(self, world: World) -> Iterator[World]:
        """All worlds that may come next. Raises Broken."""
        for who in (0, 1, GUARD):
            yield from self._act(world, who)
            if world.crashes and world.actors[who].at not in ("off", "end"):
                free = world.lock == who and self.rules.lock_dies_with_holder
                dead = self._actor(world, who, Actor())
                yield dead._replace(crashes=world.crashes - 1, lock=NOBODY if free else world.lock)
        if world.troubles:
            for colour in (0, 1):
                if world.slots[colour].well:
                    slot = world.slots[colour]._replace(well=False)
                    yield self._slot(world, colour, slot)._replace(troubles=world.troubles - 1)
        if world.meddlers:
            record = world.record._replace(frozen=True, generation=world.record.generation + 1)
            yield world._replace(record=record, meddlers=world.meddlers - 1)

    # Small changes

    def _actor(self, world: World, who: int, actor: Actor) -> World:
        actors = list(world.actors)
        actors[who] = actor
        return world._replace(actors=(actors[0], actors[1], actors[2]))

    def _slot(self, world: World, colour: int, slot: Slot) -> World:
        return world._replace(slots=(slot, world.slots[1]) if colour == 0 else (world.slots[0], slot))

    def _go(self, world: World, who: int, at: str, *, seen: Record | None = None) -> World:
        return self._actor(world, who, world.actors[who]._replace(at=at, seen=seen))

    def _end(self, world: World, who: int) -> World:
        world = self._actor(world, who, Actor("off" if who == GUARD else "end"))
        return world._replace(lock=NOBODY if world.lock == who else world.lock)

    # What the server of the record does

    def _write(self, world: World, who: int, record: Record, then: str) -> World:
        """Replace what was seen: accepted, or refused and looked at again, or the end of who was ousted."""
        actor, current = world.actors[who], world.record
        seen = actor.seen
        assert seen is not None
        if self.rules.fence_writes and actor.epoch != current.epoch:
            return self._end(world, who)
        if self.rules.compare_and_swap and seen.generation != current.generation:
            return self._go(world, who, "look")
        moves = record.selected != current.selected
        if self.rules.server_refuses_what_is_down and moves and not world.slots[record.selected].well:
            return self._go(world, who, "look")
        record = record._replace(epoch=current.epoch, generation=current.generation + 1)
        self._check(world, who, record)
        return self._go(world._replace(record=record), who, then)

    def _change(self, world: World, who: int, colour: int, slot: Slot, then: str) -> World:
        """Start or end what runs in a colour."""
        if self.rules.fence_colours and world.actors[who].epoch != world.record.epoch:
            return self._end(world, who)
        record = world.record
        if colour == record.selected and world.slots[colour] != slot:
            raise Broken(f"{who} touched the colour that serves")
        if record.phase in (CONVERGING, BAKING) and world.slots[colour] != slot:
            raise Broken(f"{who} touched the way back")
        if slot.run != NOBODY and record.run != slot.run:
            raise Broken(f"{who} started a release that no intent names")
        return self._go(self._slot(world, colour, slot), who, then)

    def _check(self, world: World, who: int, record: Record) -> None:
        former = world.record
        if world.actors[who].epoch != former.epoch:
            raise Broken(f"a stale write of {who} was accepted")
        if former.frozen and not record.frozen:
            raise Broken(f"{who} overwrote somebody else's write")
        if record.selected == former.selected:
            return
        slot = world.slots[record.selected]
        if not slot.well:
            raise Broken(f"{who} moved the traffic to a colour that is down")
        if record.phase == RETURNING:
            if former.phase not in (CONVERGING, BAKING):
                raise Broken(f"{who} went back from {former.phase}")
            return
        if former.phase != PREPARING or record.phase != CONVERGING or former.run != record.run:
            raise Broken(f"{who} switched in {former.phase}, not announced")
        if slot.run != record.run or not slot.proven:
            raise Broken(f"{who} switched to what no gate has proven")

    # What an actor does

    def _act(self, world: World, who: int) -> Iterator[World]:
        at = world.actors[who].at
        if at != "end":
            yield from getattr(self, f"_{at}")(world, who)

    def _off(self, world: World, who: int) -> Iterator[World]:
        if who == GUARD:
            if self.guard and world.record.phase in MOVED:
                yield self._taken(world, who)
            return
        if world.lock == NOBODY:
            yield self._taken(world, who)
        elif world.takeovers:
            raised = self.rules.takeover_raises_epoch
            yield self._taken(world, who, raises=raised)._replace(takeovers=world.takeovers - 1)

    def _taken(self, world: World, who: int, *, raises: bool = True) -> World:
        epoch = world.record.epoch + raises
        world = world._replace(record=world.record._replace(epoch=epoch), lock=who)
        return self._actor(world, who, Actor("look", epoch))

    def _look(self, world: World, who: int) -> Iterator[World]:
        record = world.record
        others = who != GUARD and record.run != who
        if record.phase == HELD:
            yield self._end(world, who)
        elif record.phase in MOVED:
            if self.guard and who != GUARD:
                yield self._go(world, who, "watch")
            else:
                yield self._go(world, who, {CONVERGING: "prove", BAKING: "bake", RETURNING: "clear"}[record.phase])
        elif who == GUARD:
            yield self._end(world, who)
        elif record.phase == ABORTING:
            yield self._go(world, who, "clear")
        elif record.phase == STABLE:
            yield self._at_rest(world, who)
        elif others and self.rules.settle_before_deploy:
            yield self._go(world, who, "abort", seen=record)
        else:
            yield self._go(world, who, "start" if self.rules.gates_again else "choose")

    def _at_rest(self, world: World, who: int) -> World:
        if world.record.last == who or world.record.frozen:
            return self._end(world, who)
        return (
            self._go(world, who, "announce", seen=world.record) if self.rules.intent_first else self._rush(world, who)
        )

    def _rush(self, world: World, who: int) -> World:
        return self._change(world, who, 1 - world.record.selected, Slot(who, True), "look")

    def _watch(self, world: World, who: int) -> Iterator[World]:
        if world.record.phase not in MOVED:
            yield self._go(world, who, "look")

    def _announce(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=PREPARING, run=who), "start")

    def _start(self, world: World, who: int) -> Iterator[World]:
        colour = 1 - world.record.selected
        for well in (True, False):
            yield self._change(world, who, colour, Slot(who, well), "verify")

    def _verify(self, world: World, who: int) -> Iterator[World]:
        colour = 1 - world.record.selected
        slot = world.slots[colour]
        if slot.run == who and slot.well:
            yield self._go(self._slot(world, colour, slot._replace(proven=True)), who, "choose")
        yield self._go(world, who, "abort", seen=world.record)

    def _choose(self, world: World, who: int) -> Iterator[World]:
        record = world.record
        slot = world.slots[1 - record.selected]
        if record.phase == PREPARING and record.run == who and slot.run == who and slot.well and not record.frozen:
            yield self._go(world, who, "switch", seen=record)
        else:
            yield self._go(world, who, "look")

    def _switch(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=CONVERGING, selected=1 - seen.selected), "look")

    def _abort(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        if seen.phase != PREPARING:
            yield self._go(world, who, "look")
        else:
            yield self._write(world, who, seen._replace(phase=ABORTING), "clear")

    def _clear(self, world: World, who: int) -> Iterator[World]:
        if world.record.phase not in (ABORTING, RETURNING):
            yield self._go(world, who, "look")
        else:
            yield self._change(world, who, 1 - world.record.selected, Slot(), "finish")

    def _finish(self, world: World, who: int) -> Iterator[World]:
        record = world.record
        if record.phase not in (ABORTING, RETURNING):
            yield self._go(world, who, "look")
        else:
            yield self._go(world, who, "close", seen=record)

    def _close(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=STABLE, run=NOBODY, last=seen.run), "look")

    def _prove(self, world: World, who: int) -> Iterator[World]:
        yield from self._judge(world, who, CONVERGING, "onward")

    def _bake(self, world: World, who: int) -> Iterator[World]:
        yield from self._judge(world, who, BAKING, "close")

    def _judge(self, world: World, who: int, phase: str, then: str) -> Iterator[World]:
        record = world.record
        if record.phase != phase:
            yield self._go(world, who, "look")
            return
        if world.slots[record.selected].well:
            yield self._go(world, who, then, seen=record)
        if world.slots[1 - record.selected].well:
            yield self._go(world, who, "back", seen=record)
        else:
            yield self._go(world, who, "hold", seen=record)

    def _onward(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=BAKING), "look")

    def _back(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=RETURNING, selected=1 - seen.selected), "look")

    def _hold(self, world: World, who: int) -> Iterator[World]:
        seen = world.actors[who].seen
        assert seen
        yield self._write(world, who, seen._replace(phase=HELD), "look")


def explore(protocol: Protocol, first: World = World(), *, most: int = 5_000_000) -> int:  # noqa: B008 - immutable
    """Visit every world that can be reached; how many there are. Raises Broken for a promise that does not hold, and
    for an end in which something is left undone."""
    seen, edge = {first}, [first]
    while edge:
        later: list[World] = []
        for world in edge:
            steps = list(protocol.steps(world))
            if not steps:
                _finished(world)
            for step in steps:
                if step not in seen:
                    seen.add(step)
                    later.append(step)
        edge = later
        if len(seen) > most:
            raise Broken(f"more than {most} worlds: something never ends")
    return len(seen)


def _finished(world: World) -> None:
    record = world.record
    if record.phase not in (STABLE, HELD):
        raise Broken(f"everybody is gone, and the run is {record.phase}")
    if any(a.at not in ("off", "end") for a in world.actors):
        raise Broken(f"somebody waits for ever: {[a.at for a in world.actors]}")
    if record.phase == STABLE and world.slots[1 - record.selected].run == record.run != NOBODY:
        raise Broken("a candidate is left over")


def without(rule: str) -> Rules:
    """All rules but this one."""
    return replace(Rules(), **{rule: False})
