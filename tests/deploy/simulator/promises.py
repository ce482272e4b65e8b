"""What must hold after each effect of anybody, and at the end of each play."""

from __future__ import annotations

from readiness_deploy.bluegreen import End
from readiness_deploy.ports import Standing, Verdict
from readiness_deploy.record import Intent, Record
from readiness_deploy.states import COLOURS, Colour, ExitCode, Goal, Phase, State

from simulator.actor import Actor, Proof
from simulator.faults import Violation
from simulator.machine import Machine


class Promises:
    """Watches one machine. `actors` are all that ever looked at it. `foreign` allows a route that somebody edited."""

    def __init__(self, machine: Machine, actors: list[Actor], *, foreign: bool = False) -> None:
        self.machine = machine
        self.actors = actors
        self.foreign = foreign
        self.former = machine.record
        self.numbers = self._numbers()
        self.checked = 0
        self.switches = 0
        self.stale = 0
        self.moved: set[str] = set()
        self.stale_applies: list[str] = []
        self.applied = tuple(machine.database.applied)
        machine.observers.append(self.check)

    def _numbers(self) -> dict[Colour, int]:
        return {c: p.number for c in COLOURS if (p := self.machine.slots[c]) and p.stopping is None}

    def _need(self, holds: bool, promise: str) -> None:
        if not holds:
            raise Violation(promise)

    def check(self, who: str, what: str) -> None:
        """All promises, after one effect."""
        machine, former, record = self.machine, self.former, self.machine.record
        epoch = next((a.epoch for a in self.actors if a.name == who), record.epoch)
        self.stale += epoch < former.epoch and not what.startswith(("take", "apply", "claim"))
        if epoch < former.epoch and what.startswith("apply") and what.split()[1] not in self.applied:
            self.stale_applies.append(f"{who} {what}")
        self.applied = tuple(machine.database.applied)
        self._need(not self.stale, f"fenced: {who} with epoch {epoch} still did: {what}")
        self.checked += 1
        self._need(not former.selected or bool(record.selected), f"serves: {who} deselected everything ({what})")
        self._need(len(machine.actual) <= 1, f"one colour: the route selects {sorted(machine.actual)} ({what})")
        if not self.foreign:
            wanted = {record.selected} if record.selected else set()
            self._need(machine.actual == wanted, f"route equals record: {sorted(machine.actual)}, {record.selected}")
        self._slots(who, what, former)
        self._migrations(who, what)
        if record.selected != former.selected:
            self._switch(who, former, record)
        if former.phase is Phase.BAKING and record.phase is Phase.STABLE:
            self._committed(who, former, record)
        self.former, self.numbers = record, self._numbers()

    def _slots(self, who: str, what: str, former: Record) -> None:
        numbers = self._numbers()
        touched = {c for c in COLOURS if self.numbers.get(c) and self.numbers.get(c) != numbers.get(c)}
        if former.selected in touched:
            raise Violation(f"serves: {who} touched {former.selected}, which serves ({what})")
        watched = former.phase in (Phase.CONVERGING, Phase.BAKING)
        if watched and former.previous in touched:
            raise Violation(f"old kept: {who} touched {former.previous} before the new release was committed ({what})")
        if what.startswith("retire") and watched:
            raise Violation(f"old kept: {who} retires before the new release is committed")

    def _migrations(self, who: str, what: str) -> None:
        for migration, times in self.machine.database.runs.items():
            self._need(times == 1, f"once: {migration} took effect {times} times")
            kind = self.machine.script.migrations[migration]
            self._need(kind == "expand", f"expand only: {who} applied {migration}, which is {kind}, in a deploy")

    def _switch(self, who: str, former: Record, record: Record) -> None:
        assert record.selected
        self.switches += 1
        process, view = self.machine.slots[record.selected], self.machine.view(record.selected)
        assigned = record.slots.get(record.selected)
        self._need(view.ready and process is not None, f"serves: {who} selected {record.selected}, {view.standing}")
        self._need(assigned is not None and assigned.id == view.release, f"serves: {record.selected} is {view.release}")
        self._need(record.intent is not None, f"intent first: {who} moved the route and nothing says why")
        assert process is not None
        assert record.intent is not None
        if record.phase is Phase.RETURNING:
            self._need(record.selected == former.previous, f"way back: {who} went to {record.selected}")
            lacking = set(self.machine.database.floor) - set(assigned.migrations if assigned else ())
            self._need(not lacking, f"floor: went back below {sorted(lacking)}")
            return
        self._need(record.intent.run not in self.moved, f"once: run {record.intent.run} moved the traffic twice")
        self.moved.add(record.intent.run)
        self._need(record.phase is Phase.CONVERGING, f"one commit point: {who} moved the route in {record.phase}")
        self._forward(who, former, record, record.intent, process.number)

    def _forward(self, who: str, former: Record, record: Record, intent: Intent, number: int) -> None:
        self._need(former.intent is not None and former.intent.run == intent.run, f"intent first: {intent.run}")
        self._need(intent.approval in ("none", "given"), f"approved: {who} switched without approval")
        self._need(intent.goal is Goal.ROLLBACK or not former.freeze, f"frozen: {who} switched")
        lacking = set(self.machine.database.floor) - set(intent.release.migrations)
        self._need(not lacking, f"floor: {who} deployed below {sorted(lacking)}")
        missing = set(intent.expand) - set(self.machine.database.applied)
        self._need(not missing, f"expanded first: {sorted(missing)} is not applied")
        if former.selected and intent.expand and intent.proves:
            self._need(
                self._old_is_fit(former), f"old proven: {who} switched, and the old release cannot use the schema"
            )
        proofs = [p for p in self._proofs() if p.before and p.process == number]
        good = bool(proofs) and proofs[-1].verdict is Verdict.PASS and proofs[-1].measured
        if intent.despite and proofs:
            good = good or proofs[-1].verdict is Verdict.INCONCLUSIVE
        self._need(good, f"gates first: {who} switched to a release whose gates did not pass")

    def _old_is_fit(self, former: Record) -> bool:
        process = self.machine.slots[former.selected] if former.selected else None
        if process is None:
            return True
        return not self.machine.script.of(process.release.id).unfit_for & set(self.machine.database.applied)

    def _proofs(self) -> list[Proof]:
        return [p for a in self.actors for p in a.proofs]

    def _committed(self, who: str, former: Record, record: Record) -> None:
        process = self.machine.slots[record.selected] if record.selected else None
        assert former.intent is not None
        self._need(record.retire_after == former.intent.keep, f"kept warm: for {record.retire_after} s only")
        if self.machine.asked:
            return
        proofs = [p for p in self._proofs() if not p.before and process and p.process == process.number]
        good = bool(proofs) and proofs[-1].verdict is Verdict.PASS and proofs[-1].measured
        self._need(good, f"gates after: {who} committed a release whose gates did not pass")
        self._need(former.intent.bake.seconds <= self.machine.now - self.machine.bake_began, f"bakes: {who} was early")


def settled(machine: Machine) -> tuple[object, ...]:
    """What is so in the end, without numbers and names that differ from run to run."""
    record = machine.record
    serving = record.serving()
    running = tuple(sorted(p.release.id for p in machine.slots.values() if p and p.stopping is None))
    return (
        str(record.phase),
        serving.id if serving else "",
        running,
        tuple(machine.database.applied),
        record.last.outcome if record.last else "",
        record.intent.run if record.intent else "",
        machine.inbox,
        machine.lock.holder,
    )


def honest(machine: Machine, end: End, wanted: Intent | None, served: str, *, ready: bool = True) -> None:
    """The end that was told is the one that is so. `served` is the release that served before. Raises Violation."""
    record = machine.record
    serving = record.serving()
    now = serving.id if serving else ""

    def need(holds: bool, what: str) -> None:
        if not holds:
            raise Violation(f"honest: said {end.state} ({end.why}); {what}")

    if end.state in (State.DONE, State.ROLLED_BACK, State.ABORTED, State.REFUSED, State.SUPERSEDED, State.IDLE):
        need(record.phase is Phase.STABLE or end.run != (record.intent.run if record.intent else ""), record.phase)
    if end.state is State.IDLE:
        need(record.intent is None, f"run {record.intent.run if record.intent else ''} is in flight")
    if end.state is State.DONE and wanted:
        need(now == wanted.release.id, f"{now} serves")
        need(
            not ready or (record.selected is not None and machine.view(record.selected).standing is Standing.READY),
            "it is not ready",
        )
    if end.state in (State.ABORTED, State.REFUSED, State.SUPERSEDED, State.ROLLED_BACK) and wanted:
        if wanted.goal is Goal.DEPLOY:
            need(now == served, f"{now} serves, before it was {served}")
            need(end.code is not ExitCode.OK, "and the exit code is 0")
        running = [p.release.id for p in machine.slots.values() if p and p.stopping is None]
        need(wanted.release.id in {served} or wanted.release.id not in running, "the candidate still runs")
    if end.state is State.HELD:
        need(record.phase is Phase.HELD or machine.actual != frozenset({record.selected}), record.phase)
