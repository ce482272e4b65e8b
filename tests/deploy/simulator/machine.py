"""One machine in memory: the record and the route, two slots, a database, a lock, an inbox and a clock that jumps.

It promises what the keeper promises. With `lenient` it only compares and swaps and fences, as a cluster's API does, so
that what the rollout itself forgets is not caught by somebody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from readiness_deploy.ports import (
    Busy,
    ColourView,
    Conflict,
    Fenced,
    Holder,
    Illegal,
    Observation,
    Patience,
    Refusal,
    Request,
    SchemaView,
    Standing,
    Unfit,
)
from readiness_deploy.record import Freeze, Record, Release, decode, encode
from readiness_deploy.states import COLOURS, MOVED, Colour, Phase

from simulator.script import Behaviour, Script

PROBE = 0.2


@dataclass(slots=True)
class Process:
    """What runs in a slot, from `started` on; until then, release `after` is still ending there. `number` tells two
    runs of one release apart."""

    release: Release
    started: float
    number: int
    stopping: float | None = None
    chosen: float | None = None
    broken: bool = False
    after: str = ""


@dataclass(slots=True)
class Database:
    """A ledger that its own epoch row fences. `runs` counts how often each migration took effect."""

    applied: list[str] = field(default_factory=list)
    floor: list[str] = field(default_factory=list)
    epoch: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Lock:
    """The lock belongs to a connection, which is known by its name here."""

    owner: str = ""
    holder: Holder | None = None
    seized: bool = False


class Machine:
    """See the module. `watch` is called after each effect with what was done, by whom, before and after."""

    def __init__(self, script: Script, *, guard: bool = False, lenient: bool = False) -> None:
        self.script = script
        self.guard = guard
        self.lenient = lenient
        self.now = 1000.0
        self.record = Record()
        self.actual: frozenset[Colour] = frozenset()
        self.slots: dict[Colour, Process | None] = dict.fromkeys(COLOURS)
        self.database = Database()
        self.lock = Lock()
        self.given_back = -1
        self.inbox: Request | None = None
        self.asked = False
        self.timers: dict[Colour, float] = {}
        self.bake_began = 0.0
        self.switched = 0.0
        self.before_switch: str = ""
        self.processes = 0
        self.measured: list[tuple[int, bool]] = []
        self.accepted: list[tuple[str, int, Record]] = []
        self.observers: list[Callable[[str, str], None]] = []

    # The clock

    def advance(self, moment: float) -> None:
        """Let time pass; the timers that fall due on the way do their work at their moment."""
        while True:
            due = min(((t, c) for c, t in self.timers.items()), default=None)
            if due is None or due[0] > moment:
                break
            self.now = max(self.now, due[0])
            self._retire_now(due[1])
        self.now = max(self.now, moment)
        for colour, process in self.slots.items():
            if process and process.stopping is not None and process.stopping <= self.now:
                self.slots[colour] = None

    def _retire_now(self, colour: Colour) -> None:
        if self.record.phase is not Phase.STABLE:
            self.timers[colour] = self.now + 1
            return
        del self.timers[colour]
        if colour not in self.actual:
            self._end(colour)
            self.tell("keeper", f"retired {colour}")

    def tell(self, who: str, what: str) -> None:
        """Tell those who watch that something has just happened."""
        for observer in self.observers:
            observer(who, what)

    # What is

    def view(self, colour: Colour) -> ColourView:
        """How this slot stands now."""
        process = self.slots[colour]
        if process is None:
            return ColourView()
        if process.stopping is not None:
            return ColourView(release=process.release.id, standing=Standing.STOPPING)
        behaviour = self.script.of(process.release.id)
        age = self.now - process.started
        if age < 0:
            return ColourView(release=process.after, standing=Standing.STOPPING, why=f"{process.after} is still ending")
        probes = max(0, int(age / PROBE))
        bad = self._ailment(process, behaviour, age, colour)
        if bad is not None:
            standing, why = bad
            restarts = 1 if standing is Standing.UNREADY and "crashed" in why else 0
            return ColourView(release=process.release.id, standing=standing, probes=probes, why=why, restarts=restarts)
        ready_for = age - (behaviour.ready_after or 0)
        restarts = int(self.now - process.chosen) if behaviour.limps and process.chosen else 0
        return ColourView(
            release=process.release.id,
            standing=Standing.READY,
            probes=probes,
            streak=max(1, int(ready_for / PROBE)),
            ready_for=ready_for,
            restarts=restarts,
        )

    def _ailment(
        self, process: Process, behaviour: Behaviour, age: float, colour: Colour
    ) -> tuple[Standing, str] | None:
        kept = process.chosen is not None
        if process.broken:
            return Standing.UNREADY, "broke down"
        if behaviour.crash_after is not None and age >= behaviour.crash_after:
            return (Standing.UNREADY if kept else Standing.DEAD), "crashed"
        if behaviour.ready_after is None or age < behaviour.ready_after:
            return Standing.STARTING, "no good answer yet"
        serves = process.chosen if colour == self.record.selected else None
        if serves is not None and behaviour.fails_after is not None and self.now - serves >= behaviour.fails_after:
            return Standing.UNREADY, "answers badly"
        if behaviour.unfit_for & set(self.database.applied):
            return Standing.UNREADY, "cannot use this schema"
        return None

    def observe(self) -> Observation:
        """What the keeper answers."""
        baked = self.now - self.bake_began if self.record.phase is Phase.BAKING else 0.0
        return Observation(
            record=decode(encode(self.record)),
            actual=self.actual,
            colours={c: self.view(c) for c in COLOURS},
            baked=baked,
            guard=self.guard and not self.lock.seized,
            request=self.inbox,
        )

    def identity(self) -> str:
        """What one request through the entry came back with."""
        if len(self.actual) != 1:
            return ""
        (colour,) = self.actual
        if self.now - self.switched < self.script.propagation:
            return self.before_switch
        process = self.slots[colour]
        if process is None or not self.view(colour).ready:
            return ""
        return self.script.of(process.release.id).answers or process.release.id

    # The lock

    def take(self, owner: str, holder: Holder, *, take_over: str = "") -> int:
        """Take the lock for this connection. Raises Busy."""
        lock = self.lock
        # What a person took over after the switch, no guard takes from them.
        relieved = (
            holder.guard and self.record.phase in MOVED and not lock.seized and not (lock.holder and lock.holder.guard)
        )
        if lock.holder and lock.owner != owner and not take_over and not relieved:
            raise Busy(lock.holder)
        self.lock = Lock(owner, holder, bool(take_over) and not holder.guard and self.record.phase in MOVED)
        self.record = self._with(epoch=self.record.epoch + 1)
        return self.record.epoch

    def leave(self, owner: str) -> None:
        """This connection is gone, and its lock with it."""
        if self.lock.owner == owner:
            self.lock = Lock()

    def give_back(self, owner: str) -> None:
        """The lock is given back: its epoch is over at once."""
        if self.lock.owner == owner:
            self.given_back = self.record.epoch
            self.leave(owner)

    def _with(self, *, epoch: int) -> Record:
        return replace(self.record, epoch=epoch)

    def fence(self, epoch: int) -> None:
        """Raises Fenced unless this epoch is the latest."""
        if epoch != self.record.epoch or epoch == self.given_back:
            raise Fenced(f"epoch {epoch} is over: the latest is {self.record.epoch}")

    # The record

    def write(self, who: str, epoch: int, record: Record) -> None:
        """Replace the record and, with it, the route. Raises Fenced, Conflict, Illegal."""
        self.fence(epoch)
        if record.generation != self.record.generation + 1:
            raise Conflict(f"wanted generation {self.record.generation + 1}, found {record.generation}")
        wanted = frozenset({record.selected}) if record.selected else frozenset()
        if self.actual != (frozenset({self.record.selected}) if self.record.selected else frozenset()):
            raise Conflict("the route does not select what the record says: somebody else wrote it")
        if not self.lenient:
            self._allow(record)
        former = self.record
        self.record = replace(decode(encode(record)), epoch=former.epoch)
        self.accepted.append((who, epoch, self.record))
        if wanted != self.actual:
            self._select(record.selected, wanted)
        if self.record.phase is Phase.BAKING and former.phase is not Phase.BAKING:
            self.bake_began = self.now
        if self.record.phase is Phase.STABLE and former.phase is not Phase.STABLE:
            self.inbox = None

    def _select(self, colour: Colour | None, wanted: frozenset[Colour]) -> None:
        self.before_switch = self.identity()
        self.actual, self.switched = wanted, self.now
        if colour:
            self.timers.pop(colour, None)
            process = self.slots[colour]
            if process:
                process.chosen = self.now

    def _allow(self, record: Record) -> None:
        old, new = self.record.selected, record.selected
        if new == old:
            return
        if new is None:
            raise Illegal(f"{old} serves: nothing may be selected in its place only by selecting something")
        view, release = self.view(new), record.slots.get(new)
        if not view.ready:
            raise Illegal(f"{new} is {view.standing}: only a ready colour may be selected")
        if release is None or release.id != view.release:
            raise Illegal(f"{new} runs {view.release}, and the record says {release.id if release else 'nothing'}")

    def freeze(self, freeze: Freeze | None) -> None:
        """Freeze or lift, as a write of the keeper itself."""
        self.record = self.record.but(freeze=freeze)

    def ask(self, request: Request) -> None:
        """Put a request into the inbox."""
        self.inbox, self.asked = request, True

    # The slots

    def start(self, epoch: int, colour: Colour, release: Release) -> None:
        """Have this release run here. Raises Fenced, Illegal."""
        self.fence(epoch)
        process = self.slots[colour]
        same = process is not None and process.release.id == release.id and process.stopping is None
        if same and self.view(colour).standing is not Standing.DEAD:
            self.timers.pop(colour, None)
            return
        if colour in self.actual and not self.lenient:
            raise Illegal(f"{colour} serves: nothing else may be started there")
        wait = self.script.drain if process else 0.0
        self.timers.pop(colour, None)
        self.boot(colour, release, self.now + wait, process.release.id if process else "")

    def boot(self, colour: Colour, release: Release, moment: float, after: str = "") -> None:
        """Put a process into the slot, unasked; a moment to come is that of the end of release `after`."""
        self.processes += 1
        self.slots[colour] = Process(release, moment, self.processes, after=after)

    def break_down(self, colour: Colour) -> None:
        """What runs here answers no more."""
        process = self.slots[colour]
        if process:
            process.broken = True

    def stop(self, epoch: int, colour: Colour) -> None:
        """Drain and end. Raises Fenced, Illegal."""
        self.fence(epoch)
        if colour in self.actual and not self.lenient:
            raise Illegal(f"{colour} serves: it may not be stopped")
        self.timers.pop(colour, None)
        self._end(colour)

    def _end(self, colour: Colour) -> None:
        process = self.slots[colour]
        if process and process.stopping is None:
            process.stopping = self.now + self.script.drain

    def retire(self, epoch: int, colour: Colour, after: float) -> None:
        """Stop later. Raises Fenced, Illegal."""
        self.fence(epoch)
        if colour in self.actual and not self.lenient:
            raise Illegal(f"{colour} serves: it may not be retired")
        if self.slots[colour] and colour not in self.timers:
            self.timers[colour] = self.now + after

    # The database

    def schema(self) -> SchemaView:
        """What the ledger says."""
        return SchemaView(applied=tuple(self.database.applied), floor=tuple(self.database.floor))

    def claim(self, epoch: int) -> None:
        """Have the database know an epoch. Raises Fenced."""
        if epoch < self.database.epoch:
            raise Fenced(f"the database has seen epoch {self.database.epoch}; this process has {epoch}")
        self.database.epoch = epoch

    def apply(self, epoch: int, migration: str) -> None:
        """Apply one migration and its row in one transaction. Raises Fenced, Patience, Unfit."""
        database = self.database
        if epoch < database.epoch:
            raise Fenced(f"the database has seen epoch {database.epoch}; this process has {epoch}")
        database.epoch = epoch
        if migration in database.applied:
            return
        left = database.refusals.setdefault(migration, self.script.locked.get(migration, 0))
        if left:
            database.refusals[migration] = left - 1
            raise Patience(f"{migration}: no lock within 1 s")
        if migration in self.script.broken:
            raise Unfit(f"{migration}: column exists already")
        if migration not in self.script.migrations:
            raise Refusal(f"{migration}: no such migration")
        database.applied.append(migration)
        if self.script.migrations[migration] == "contract":
            database.floor.append(migration)
        database.runs[migration] = database.runs.get(migration, 0) + 1
