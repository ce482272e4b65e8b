"""The keeper's middle: record, colours, board, timers and guard together, and the commands that change them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from readiness_deploy.keeper import aside as aside_file
from readiness_deploy.keeper.around import Route, Surrounding
from readiness_deploy.keeper.aside import Aside, Asked
from readiness_deploy.keeper.authority import Authority, Refused, is_way_back
from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.guarding import Guarding
from readiness_deploy.keeper.journal import Journal, stamp
from readiness_deploy.keeper.processes import Processes, alive
from readiness_deploy.keeper.recovery import sweep
from readiness_deploy.keeper.routefile import make_reserve
from readiness_deploy.keeper.slot import Slot
from readiness_deploy.ports import Standing
from readiness_deploy.record import Record, Release
from readiness_deploy.states import COLOURS, MOVED, Colour, Phase

_TICK = 0.25
_TRIM_EACH = 20
_BACK = ("rollback", "abort")
_KINDS = ("promote", *_BACK)


class Keeper:
    """All that the keeper knows and does. Its methods belong to the thread of the event loop."""

    def __init__(
        self,
        folder: Folder,
        record: Record,
        known: Aside,
        board: Route,
        journal: Journal,
        own: Mapping[str, str],
        files: Files,
        processes: Processes,
    ) -> None:
        self.journal, self.board, self.aside = journal, board, known
        self.told: dict[int, int] = {}
        self._folder, self._files, self._processes = folder, files, processes
        around = Surrounding(
            folder=folder,
            processes=processes,
            board=board,
            own=own,
            note=journal.note,
            changed=self.keep,
            serving=self._is_kept_up,
            told=lambda pid: self.told.get(pid),
        )
        self.slots: dict[Colour, Slot] = {colour: Slot(colour, around) for colour in COLOURS}
        self.authority = Authority(folder, record, files, self, self._flipped, journal.note)
        self.guarding = Guarding(
            folder,
            self.authority,
            processes,
            own,
            self.standing,
            self.coming,
            lambda: self._asked_back() is not None,
            journal.note,
            self.keep,
        )
        self.closed, self._begun = "", False
        self._retiring: dict[Colour, float] = dict(known.retire)

    # What others ask of it

    def standing(self, colour: Colour) -> Standing:
        return self.slots[colour].standing

    def coming(self, colour: Colour) -> bool:
        """Whether a colour comes up and has not failed yet."""
        return self.slots[colour].coming

    def release(self, colour: Colour) -> str:
        """The id of the release in a slot; empty for none."""
        release = self.slots[colour].release
        return release.id if release else ""

    def baked(self) -> float:
        """Seconds since the bake began; 0 where none is."""
        return max(0.0, aside_file.now() - self.aside.baking_since) if self.aside.baking_since else 0.0

    def keep(self) -> None:
        """Write down what a later worker must know. What cannot be written costs it a restart of colours, no more."""
        if self.closed or not self._begun:
            return  # before everything is adopted, what would be written down lacks what is not adopted yet
        known = self.aside
        known.running = {c: slot.running for c, slot in self.slots.items() if slot.running is not None}
        known.wanted = {c: slot.wanted for c, slot in self.slots.items() if slot.wanted is not None}
        known.retire = dict(self._retiring)
        known.guard = self.guarding.guard
        with contextlib.suppress(OSError):
            aside_file.save(self._folder, known, self._files)

    def lost(self, number: int) -> None:
        """So many requests were cut by the death of what moves the bytes."""
        self.aside.cut += number
        self.keep()

    # Commands

    def write(self, epoch: Any, wanted: Record) -> Record:
        """Replace the record. A run that somebody wants taken back does not end as deployed. Raises Refused."""
        before = self._asked_back()
        if before is not None and wanted.intent is None and self.authority.record.phase is Phase.BAKING:
            raise Refused("conflict", f"{before.by} asked for the release to be taken back ({before.kind})")
        return self.authority.write(epoch, wanted)

    def _asked_back(self) -> Asked | None:
        """Who wants the release of the run in flight taken back."""
        asked, intent = self.aside.asked, self.authority.record.intent
        wanted = asked is not None and asked.kind in _BACK and intent is not None and asked.run == intent.run
        return asked if wanted else None

    def start(self, epoch: Any, colour: Colour, release: Release) -> None:
        """Have a release run in a slot. Raises Refused."""
        self.authority.admit(epoch)
        slot, record = self.slots[colour], self.authority.record
        same = slot.release is not None and slot.release.id == release.id
        if colour == record.selected and not same:
            raise Refused("illegal", f"{colour} serves: nothing else can be started there")
        if is_way_back(record, colour) and not same:
            raise Refused("illegal", f"{colour} is the way back until the new release is proven")
        if colour == record.selected and slot.standing is Standing.DEAD:
            return
        self._retiring.pop(colour, None)
        slot.start(release)
        self.keep()

    def stop(self, epoch: Any, colour: Colour) -> None:
        """Take away what runs in a slot. Answered at once; `observe` shows it go. Raises Refused."""
        self.authority.admit(epoch)
        self._may_go(colour)
        self._retiring.pop(colour, None)
        self.slots[colour].stop()
        self.keep()

    def retire(self, epoch: Any, colour: Colour, after: float) -> None:
        """Take it away later, if nobody needs it until then. Raises Refused."""
        self.authority.admit(epoch)
        self._may_go(colour)
        if self.slots[colour].busy:
            self._retiring[colour] = aside_file.now() + max(0.0, after)
            self.journal.note("retirement set", colour=colour, after=after)
            self.keep()

    def _may_go(self, colour: Colour) -> None:
        record = self.authority.record
        if colour == record.selected:
            raise Refused("illegal", f"{colour} serves: it cannot be taken away")
        if is_way_back(record, colour):
            raise Refused("illegal", f"{colour} is the way back until the new release is proven")

    def ask(self, kind: str, by: str, reason: str) -> None:
        """What a person wants of the run in flight. Kept until the run ends. Raises Refused."""
        record = self.authority.record
        if kind not in _KINDS:
            raise Refused("unknown", f"wanted one of {', '.join(_KINDS)}, found {kind}")
        if record.intent is None:
            raise Refused("illegal", "no run is in flight")
        before = self._asked_back()
        if kind == "promote" and before is not None:
            raise Refused("illegal", f"{before.by} asked for the release to be taken back ({before.kind})")
        self.aside.asked = Asked(
            kind=kind, by=by, reason=reason, run=record.intent.run, phase=record.phase.value, at=stamp()
        )
        self.journal.note("asked", kind=kind, by=by, reason=reason)
        self.keep()

    # What happens by itself

    def begin(self, spared: Collection[str] = ()) -> None:
        """Go on where the worker before this one stopped, or where the machine did. Call it once, in the loop.

        Processes of the instances in `spared` are somebody else's to look after.
        """
        record = self.authority.record
        known = {one.instance for one in self.aside.running.values() if alive(one.identity)} | set(spared)
        sweep(self._folder, self._processes, known, self.aside.guard, self.journal.note)
        self.guarding.guard = self.aside.guard
        adopted = {c for c, running in self.aside.running.items() if self.slots[c].adopt(running)}
        for colour in self._wanted_up(record) - adopted:
            release = record.slots.get(colour)
            if release is not None:
                self.journal.note("colour missing", colour=colour, release=release.id)
                self.slots[colour].start(release)
        for colour, release in self.aside.wanted.items():
            if colour != record.selected:
                self.slots[colour].start(release)
        if record.phase is Phase.BAKING and self.aside.baking_since is None:
            self.aside.baking_since = aside_file.now()
        self.board.point(record.selected)
        for colour in self._wanted_up(record):
            self.slots[colour].mark_served()
        make_reserve(self._folder)
        self._arm(record)
        self._begun = True
        self.keep()

    @staticmethod
    def _wanted_up(record: Record) -> set[Colour]:
        """The colours that must run, whatever was before."""
        wanted: set[Colour | None] = {record.selected}
        if record.phase in MOVED or record.phase is Phase.HELD:
            wanted.add(record.previous)
        return {colour for colour in wanted if colour is not None}

    async def tick(self) -> None:
        """What is due by the clock, until it is cancelled."""
        count = 0
        while True:
            await asyncio.sleep(_TICK)
            count += 1
            for colour, due in list(self._retiring.items()):
                if aside_file.now() >= due:
                    self._retire_now(colour)
            if count % _TRIM_EACH == 0:
                for slot in self.slots.values():
                    await slot.trim()
                make_reserve(self._folder)

    def _retire_now(self, colour: Colour) -> None:
        del self._retiring[colour]
        record = self.authority.record
        if colour != record.selected and record.phase is Phase.STABLE:
            self.journal.note("colour retired", colour=colour)
            self.slots[colour].stop()
        self.keep()

    def _flipped(self, old: Record, new: Record) -> None:
        """The record is on the disk: have the world follow it, in this instant."""
        if new.selected != old.selected:
            self.board.point(new.selected)
            if new.selected is not None:
                self.slots[new.selected].mark_served()
            self.journal.note("route moved", to=new.selected, generation=new.generation)
        if new.phase != old.phase:
            self.aside.baking_since = aside_file.now() if new.phase is Phase.BAKING else None
            self.journal.note("phase", phase=new.phase.value, run=new.intent.run if new.intent else "")
        if new.intent is None or (old.intent and old.intent.run != new.intent.run):
            self.aside.asked = None
        self.aside.selected, self.aside.generation, self.aside.epoch = new.selected, new.generation, new.epoch
        self._arm(new)
        self.keep()
        self.guarding.look()

    def _arm(self, record: Record) -> None:
        """The timers of a record: a run in flight stops all of them, and so does selecting a colour."""
        if record.phase is not Phase.STABLE or record.intent is not None:
            self._retiring.clear()
        elif record.previous and record.retire_after is not None and record.previous not in self._retiring:
            slot = self.slots[record.previous]
            if slot.busy:
                self._retiring[record.previous] = aside_file.now() + record.retire_after
        if record.selected:
            self._retiring.pop(record.selected, None)

    def _is_kept_up(self, colour: Colour) -> bool:
        """Whether a colour that ends is started again: one that serves, and one that would be gone back to."""
        record, running = self.authority.record, self.slots[colour].running
        if self.closed:
            return False
        if colour == record.selected:
            return True
        return colour == record.previous and running is not None and running.served

    # The end

    async def stop_all(self) -> None:
        """Drain and end both colours and the guard."""
        self.closed = "the keeper is ending"
        self.guarding.end()
        ends = [task for slot in self.slots.values() if (task := slot.stop()) is not None]
        if ends:
            await asyncio.gather(*ends)
        self.aside = replace(self.aside, running={}, guard=None)
        with contextlib.suppress(OSError):
            aside_file.save(self._folder, self.aside, self._files)

    def hand_over(self) -> None:
        """Leave everything as it is to the next worker."""
        self.keep()
        self.closed = "the keeper is being replaced: ask again"
        for slot in self.slots.values():
            slot.abandon()


def observed(keeper: Keeper, more: Mapping[str, Any]) -> dict[str, Any]:
    """What `observe` answers: plain words and numbers."""
    authority, aside = keeper.authority, keeper.aside
    lock, asked = authority.lock, aside.asked
    views = {}
    for colour, slot in keeper.slots.items():
        running = slot.running
        views[colour] = {
            **msgspec.to_builtins(slot.view()),
            "address": f"http://127.0.0.1:{running.port}" if running else "",
            "pid": running.identity.pid if running else None,
        }
    return {
        "record": msgspec.to_builtins(authority.record),
        "actual": [keeper.board.selected] if keeper.board.selected else [],
        "colours": views,
        "baked": keeper.baked(),
        "guard": keeper.guarding.willing,
        "request": msgspec.to_builtins(asked) if asked else None,
        "lock": {**msgspec.to_builtins(lock.holder), "silent": round(lock.silence, 1)} if lock else None,
        "traffic": {colour: dict(keeper.board.counts(colour)) for colour in COLOURS},
        "retire": {colour: max(0.0, due - aside_file.now()) for colour, due in keeper._retiring.items()},
        "keeper": {**more, "cut": aside.cut, "restarts": aside.restarts, "guard_pid": _pid(keeper)},
        "journal": keeper.journal.last(20),
    }


def _pid(keeper: Keeper) -> int | None:
    return keeper.guarding.guard.pid if keeper.guarding.guard else None
