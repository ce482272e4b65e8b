"""The door to the keeper of a target: what it holds, its lock, and the world that a run walks in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from readiness.cli.deploying import cluster
from readiness.cli.deploying.reaching import lacking

if TYPE_CHECKING:
    from readiness_deploy.adapters.kubernetes import Cluster
    from readiness_deploy.adapters.local import Keeper
    from readiness_deploy.gates import LiveGates
    from readiness_deploy.ports import Holder, Measurement, Schema, SchemaView, World
    from readiness_deploy.record import Record, Release, Shown

    from readiness.cli.deploying.signals import Signals
    from readiness.cli.deploying.target import Target
    from readiness.cli.deploying.work import Work

WINDOW = 5.0
"""Seconds of traffic that a look shows."""
_LETS_GO = 10.0
"""Seconds that a guard has for letting go of the lock, once its run is over."""


class NoKeeper(Exception):
    """No keeper runs here. `served` is true where one did, and something is recorded that it should serve."""

    def __init__(self, target: Target, *, served: bool) -> None:
        super().__init__(f"no keeper runs for {target.state}: nothing is served" if served else nothing(target))
        self.served = served


def nothing(target: Target) -> str:
    """That nothing was ever deployed here, and where that was looked for: another user's folder is another one."""
    where = "" if target.settings.kubernetes else f": there is no record in {target.state}"
    return f"nothing was ever deployed here{where}"


@contextmanager
def opened(target: Target) -> Iterator[Door]:
    """The door of a target whose keeper runs. Raises NoKeeper."""
    door = Door.find(target)
    if door is None:
        raise NoKeeper(target, served=recorded(target) is not None)
    try:
        yield door
    finally:
        door.close()


def recorded(target: Target) -> Record | None:
    """What the keeper would serve, read while none runs; None where nothing was deployed. Raises Lost."""
    from readiness_deploy.keeper.folder import Folder
    from readiness_deploy.ports import Lost
    from readiness_deploy.record import Unreadable, decode

    try:
        record = decode(Folder(target.state).route.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, Unreadable) as fault:
        raise Lost(f"the record {Folder(target.state).route} cannot be read: {fault}") from None
    return record if record.selected else None


class Door:
    """One keeper. Looks go over connections of their own, so that any thread may look; the rest is for one thread."""

    def __init__(self, target: Target) -> None:
        from readiness_deploy.adapters.local import Keeper
        from readiness_deploy.adapters.machine import SystemClock

        self._target, self.clock = target, SystemClock()
        self._stack = contextlib.ExitStack()
        self._cluster = cluster.connected(target, self._stack) if target.settings.kubernetes else None
        self._looks = self._cluster.beside() if self._cluster else None
        self._local = Keeper(target.state)
        self._keeper: Keeper | Cluster = self._cluster or self._local

    @classmethod
    def find(cls, target: Target) -> Door | None:
        """The door, where a keeper runs. Raises Lost where one runs and does not answer."""
        from readiness_deploy.keeper import start
        from readiness_deploy.ports import Lost

        if target.settings.kubernetes:
            return cls(target)
        try:
            return None if start.status(target.state) is None else cls(target)
        except start.Failure as fault:
            raise Lost(str(fault)) from None

    def look(self) -> dict[str, Any]:
        """What the keeper answers to `observe`; `traffic` is that of the last seconds, `window` of them, for each
        colour that runs. From any thread. Raises Lost."""
        if self._looks is not None:
            return cluster.seen(self._looks)
        found = self._ask("observe")
        counts, found["traffic"] = found.get("traffic") or {}, {}
        for colour, view in (found.get("colours") or {}).items():
            if view.get("standing") != "absent":
                seen = self._ask("traffic", colour=colour, window=WINDOW)
                found["traffic"][colour] = {**seen, "window": WINDOW, "counts": counts.get(colour) or {}}
        return found

    def record(self) -> Record:
        """The record. Raises Lost."""
        return self._keeper.observe().record

    def shown(self) -> Shown:
        """The record as people see it. Raises Lost."""
        from dataclasses import fields, replace

        from readiness_deploy.ports import Standing
        from readiness_deploy.record import Record, Shown

        seen = self._keeper.observe()
        record, serving = seen.record, seen.record.serving()
        if record.previous is not None:
            view, release = seen.colours[record.previous], record.slots.get(record.previous)
            gone = view.standing in (Standing.ABSENT, Standing.STOPPING)
            if gone or release is None or view.release != release.id:  # a candidate may have its slot
                record = replace(record, previous=None)
        shown = Shown(**{field.name: getattr(record, field.name) for field in fields(Record)})
        if record.selected is None or serving is None or (view := seen.colours[record.selected]).ready:
            return shown
        unwell = f"{view.standing.value}: {view.why}" if view.why else view.standing.value
        down = view.standing in (Standing.DEAD, Standing.STARTING)
        cure = lacking(self._target, serving.details, self._worker())[1] if down else ""
        return replace(shown, unwell=unwell, cure=cure)

    def _worker(self) -> int | None:
        """The process id of the keeper's worker; None for a cluster. Raises Lost."""
        return None if self._cluster else (self._ask("observe").get("keeper") or {}).get("worker_pid")

    def ready(self, release: str) -> bool:
        """Whether this release stands ready in some slot. Raises Lost."""
        views = self._keeper.observe().colours.values()
        return any(view.ready and view.release == release for view in views)

    def lock(self, holder: Holder, take_over: str) -> int:
        """Take the lock; its epoch. A guard whose run is over is about to let go: that is waited for. Raises Busy,
        Lost."""
        from readiness_deploy.ports import Busy
        from readiness_deploy.states import MOVED

        deadline = self.clock.now() + _LETS_GO
        while True:
            try:
                return self._keeper.lock(holder, take_over=take_over)
            except Busy as busy:
                if not busy.holder.guard or self.record().phase in MOVED or self.clock.now() > deadline:
                    raise
            self.clock.sleep(0.05)

    def unlock(self) -> None:
        """Give the lock back; what cannot be given back is free when this process ends."""
        from readiness_deploy.ports import Refusal

        with contextlib.suppress(Refusal):
            self._keeper.unlock()

    def world(self, work: Work) -> World:
        """The world that a run of this work walks in: the keeper's colours and route, real gates, the database."""
        import msgspec
        from readiness_deploy.adapters import local
        from readiness_deploy.ports import World

        def measured(one: Measurement) -> None:
            work.telling.note("measured", **msgspec.to_builtins(one))

        interrupts = Interrupts(work.signals, self._keeper)
        if self._cluster is not None:
            return cluster.world(work, self._cluster, measured, interrupts)
        keeper = self._local
        release = work.release or _in_flight(keeper.observe().record)
        return World(
            route=keeper,
            colours=keeper,
            schema=LateSchema(lambda: self._schema(work, release)),
            gates=self._gates(measured),
            entry=local.entry(keeper, release) if release else Unasked(),
            clock=self.clock,
            journal=work.telling,
            interrupts=interrupts,
            detach=work.detach,
        )

    def dry(self, gates: Sequence[Mapping[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """What each of these gates, for after a switch, says right now of the release that serves. Raises Lost."""
        import msgspec
        from readiness_deploy.ports import Subject

        record = self.record()
        release = record.serving()
        if release is None or record.selected is None:
            return []
        subject = Subject(release=release, colour=record.selected, before=False, duration=seconds, since=seconds)
        return [msgspec.to_builtins(one) for one in self._gates().dry(gates, subject)]

    def _gates(self, record: Callable[[Measurement], None] = lambda _one: None) -> LiveGates:
        from readiness_deploy.adapters import local
        from readiness_deploy.gates import LiveGates, Outside

        from readiness.config import surroundings
        from readiness.http import Tls

        if self._cluster is not None:
            return cluster.gates(self._target, record)
        outside = Outside(
            address=self._local.address,
            entry=local.entry_address(self._local),
            entry_tls=Tls(verify=False),  # the keeper's own address: the release's id proves who answered
            traffic=self._local.traffic,
            variables=surroundings.variables(),
            folder=self._target.environment.root,
        )
        return LiveGates(self.clock, outside, record)

    def raise_floor(self, floor: tuple[str, ...]) -> None:
        """Remember the rollback floor of the database, for when it cannot be asked. Raises Conflict, Fenced, Lost."""
        record = self.record()
        if not set(floor) <= set(record.floor):
            self._keeper.write(record.but(floor=tuple(dict.fromkeys((*record.floor, *floor)))))

    def ask(self, kind: str, by: str, reason: str) -> None:
        """Leave a request for whoever carries the run out. Raises Illegal, Lost."""
        self._keeper.request(kind, by, reason)

    def freeze(self, reason: str, owner: str) -> None:
        """Stop deploys. Raises Illegal, Lost."""
        self._keeper.freeze(reason, owner)

    def unfreeze(self) -> None:
        """Lift that. Raises Lost."""
        self._keeper.unfreeze()

    def close(self) -> None:
        """End the connection, and with it the lock."""
        self._keeper.close()
        self._stack.close()

    def _schema(self, work: Work, release: Release | None) -> Schema:
        from readiness.cli.deploying.schema import database

        return database(
            self._target,
            release,
            self.clock,
            epoch=lambda: self._keeper.epoch,
            run=work.run,
            stopped=work.signals.pending,
        ).schema

    def _ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        from readiness_deploy.keeper.client import Declined, Unreachable, ask
        from readiness_deploy.ports import Lost

        try:
            return ask(self._target.state, do, **arguments)
        except (Declined, Unreachable) as fault:
            raise Lost(str(fault)) from None


class LateSchema:
    """The database, opened when it is first asked: a run that has moved has nothing to do with it."""

    def __init__(self, make: Callable[[], Schema]) -> None:
        self._make, self._made = make, None

    _made: Schema | None

    def observe(self) -> SchemaView:
        return self._schema().observe()

    def claim(self) -> None:
        self._schema().claim()

    def apply(self, migration: str) -> None:
        self._schema().apply(migration)

    def _schema(self) -> Schema:
        self._made = self._made or self._make()
        return self._made


class Unasked:
    """The entry of a keeper that nothing was deployed to."""

    def identity(self) -> str:
        return ""


class Interrupts:
    """What asks this process to stop: a signal; before the switch, also a person who withdraws the run."""

    def __init__(self, signals: Signals, keeper: Keeper | Cluster) -> None:
        self._signals, self._keeper = signals, keeper

    def pending(self) -> str:
        """Why, in words; empty where nothing was asked."""
        from readiness_deploy.ports import Lost
        from readiness_deploy.states import MOVED

        if said := self._signals.pending():
            return said
        try:
            seen = self._keeper.observe()
        except Lost:
            return ""
        asked = seen.request
        if asked is None or asked.kind != "abort" or seen.record.phase in MOVED:
            return ""
        return f"{asked.by} withdrew it" + (f": {asked.reason}" if asked.reason else "")


def _in_flight(record: Record) -> Release | None:
    """The release that a run is about, or else the one that serves."""
    return record.intent.release if record.intent else record.serving()
