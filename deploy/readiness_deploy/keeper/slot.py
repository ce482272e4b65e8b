"""One colour: its process from start to end. Probes it, restarts it while it serves, drains and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from readiness_deploy.keeper.around import Surrounding
from readiness_deploy.keeper.aside import Running
from readiness_deploy.keeper.colourlog import rotate, size, tail
from readiness_deploy.keeper.ending import end, gone, sweep
from readiness_deploy.keeper.probe import claimed, free_port, probe, taken
from readiness_deploy.keeper.processes import INSTANCE, MARKER, Identity, alive, ended_as, identity
from readiness_deploy.keeper.service import Service, Surroundings, Unfit, placed, service, surroundings
from readiness_deploy.ports import ColourView, Standing
from readiness_deploy.record import Release
from readiness_deploy.states import Colour

_LONGEST_BACKOFF = 10.0
_SETTLED = 60.0
_EAGER = 0.05  # seconds between probes of what is still starting
_PORTS = 5
_TOLD_WITHIN = 0.2
_LOOKS = 50
_SWEPT = 2.0  # seconds, at most, that the end of a process takes beyond its drain and its grace
_UNASKED = "nobody could ask it: this machine lacks descriptors, memory or ports"


def _unstarted(fault: Exception) -> str:
    """Why a program was not started, and which, where that is known."""
    said = str(getattr(fault, "strerror", None) or fault)
    return f"{said}: {name}" if (name := getattr(fault, "filename", None)) else said


class Slot:
    """One colour. Its methods belong to the thread of the event loop."""

    def __init__(self, colour: Colour, around: Surrounding) -> None:
        self.colour = colour
        self.running: Running | None = None
        self.release: Release | None = None
        self._around = around
        self._standing, self._why, self._again = Standing.ABSENT, "", ""
        self._probes = self._streak = self._bad = self._restarts = 0
        self._ready_since, self._conflicts, self._served = 0.0, 0, False
        self._ends_by = 0.0
        self._service: Service | None = None
        self._surroundings = Surroundings({}, {})
        self._child: subprocess.Popen[bytes] | None = None
        self._claim: socket.socket | None = None  # of the port, until the process listens there
        self._life: asyncio.Task[None] | None = None
        self._prober: asyncio.Task[None] | None = None
        self._end: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        return self._standing

    @property
    def coming(self) -> bool:
        """Whether it comes up and has not failed yet: as after a reboot, which says nothing of the release."""
        return self._standing is Standing.STARTING and not self._restarts

    @property
    def busy(self) -> bool:
        """Whether something runs here, or is on its way in or out."""
        return self._standing not in (Standing.ABSENT, Standing.DEAD)

    @property
    def wanted(self) -> Release | None:
        """What is to be started here and does not run yet; None for nothing."""
        comes = self._standing is Standing.STARTING and (self.running is None or self.running.stopping)
        return self.release if comes else None

    def view(self) -> ColourView:
        """How the colour stands. A slot that is still being emptied for another release shows the one that ends."""
        if self.wanted is not None and self.running is not None:
            return self._view_of_ending(self.running, self.wanted)
        ready = self._standing is Standing.READY
        # What its probes say of the next process does not explain the end of the one before.
        again = self._standing in (Standing.STARTING, Standing.READY) and self._again
        return ColourView(
            release=self.release.id if self.release else "",
            standing=self._standing,
            restarts=self._restarts,
            probes=self._probes,
            streak=self._streak,
            ready_for=time.monotonic() - self._ready_since if ready else 0.0,
            in_flight=self._around.board.in_flight(self.colour),
            why=again or self._why,
        )

    def _view_of_ending(self, running: Running, comes: Release) -> ColourView:
        # Beyond the time of the one that ends, that of the one that comes runs: nobody waits for ever.
        late = time.monotonic() > self._ends_by
        return ColourView(
            release=comes.id if late else running.release.id,
            standing=Standing.STARTING if late else Standing.STOPPING,
            in_flight=self._around.board.in_flight(self.colour),
            why=f"release {running.release.id} is still ending here (its `drain` and `grace`); "
            f"release {comes.id} is started after it",
        )

    def start(self, release: Release) -> None:
        """Have this release run. Nothing to do where it does, or comes up; what else runs here is ended first."""
        same = self.release is not None and self.release.id == release.id
        if same and self._standing in (Standing.STARTING, Standing.READY, Standing.UNREADY):
            return
        before = self._end
        if before is None and self.running is not None:
            before = self._begin_end()
        self._forget()
        self.release, self._standing, self._why = release, Standing.STARTING, ""
        self._end = None
        self._life = asyncio.create_task(self._live(before), name=f"{self.colour} lives")

    def adopt(self, running: Running) -> bool:
        """Go on with a process that an earlier worker started. False where it is gone."""
        if not alive(running.identity):
            return False
        self._forget()
        self.running, self.release, self._restarts = running, running.release, running.restarts
        self._served = running.served
        self._prepare(running.release)
        self._around.note("colour adopted", colour=self.colour, release=running.release.id, pid=running.identity.pid)
        self._standing = Standing.STARTING
        self._claim = claimed(running.port)  # it may not listen yet
        if running.stopping:
            self.stop()
            return True
        if running.ready:
            self._be_ready()
        elif running.served and running.rose:
            # It was ready once and was not when the worker before this one ended. It may answer again.
            self._standing = Standing.UNREADY
            self._around.board.place(self.colour, ("127.0.0.1", running.port), running.release.id)
        self._life = asyncio.create_task(self._live(None, adopted=True), name=f"{self.colour} lives on")
        return True

    def stop(self) -> asyncio.Task[None] | None:
        """Drain, SIGTERM, grace, SIGKILL. Returns what ends when nothing is left; None where nothing is here."""
        if self._end is not None:
            return self._end
        if self.running is None and self._life is None:
            self._forget()
            return None
        self._end = self._begin_end()
        return self._end

    def mark_served(self) -> None:
        """The route selects this colour: from now on it is kept up while it is needed."""
        self._served = True
        if self.running is not None and not self.running.served:
            self.running = replace(self.running, served=True)
            self._around.changed()

    def abandon(self) -> None:
        """Stop looking after the process, and leave it running for another worker."""
        for task in (self._life, self._prober, self._end):
            if task is not None:
                task.cancel()
        self._disclaim()  # the other worker claims it

    async def trim(self) -> None:
        """Keep the log within its bounds. What a disk takes for it stops nothing else."""
        if await asyncio.to_thread(rotate, self._log()) and self.running is not None:
            self.running = replace(self.running, log_from=0)

    # The life of a process

    async def _live(self, before: asyncio.Task[None] | None, *, adopted: bool = False) -> None:
        if before is not None:
            await asyncio.shield(before)
        attempt = 0
        while True:
            began = time.monotonic()
            if adopted or await self._launch():
                adopted = False
                await self._watch()
            attempt = 0 if time.monotonic() - began > _SETTLED else attempt
            if not self._around.serving(self.colour):
                return
            if attempt:
                await asyncio.sleep(min(_LONGEST_BACKOFF, 0.1 * 2**attempt))
            if not self._around.serving(self.colour):
                return
            attempt += 1
            self._restarts += 1
            self._again = f"it was started again, because {self._why}"
            self._standing = Standing.STARTING
            self._around.note("colour restarted", colour=self.colour, restarts=self._restarts, why=self._why)

    async def _launch(self) -> bool:
        """Start the process. False where it cannot be; `why` says why."""
        release = self.release
        assert release is not None  # noqa: S101 - a slot lives for a release
        instance = secrets.token_hex(8)
        try:
            self._disclaim()
            port, self._claim = free_port()
            places = {"port": str(port), "release": release.id, "version": release.version, "colour": self.colour}
            self._service = placed(service(release), places)
            given = {
                "PORT": str(port),
                "READINESS_RELEASE": release.id,
                "READINESS_COLOUR": self.colour,
                MARKER: str(self._around.folder.root),
                INSTANCE: instance,
            }
            self._surroundings = surroundings(self._service, self._around.own, given)
            log_from = size(self._log())
            self._child = self._around.processes.spawn(
                self._service.command,
                cwd=self._service.folder,
                environment=self._surroundings.variables,
                output=self._log(),
            )
        except Exception as fault:  # noqa: BLE001 - whatever it is, a colour that is not started says why
            self._die(f"it cannot be started: {_unstarted(fault)}")
            return False
        known = identity(self._child.pid) or Identity(self._child.pid, -1)
        self.running = Running(
            release=release,
            identity=known,
            port=port,
            instance=instance,
            restarts=self._restarts,
            served=self._served,
            log_from=log_from,
        )
        self._around.changed()
        self._around.note("colour started", colour=self.colour, release=release.id, pid=known.pid, port=port)
        return True

    async def _watch(self) -> None:
        """Until the process is gone, whatever ends it."""
        running = self.running
        assert running is not None  # noqa: S101 - launched or adopted
        prober = self._prober = asyncio.create_task(self._probe_on(running), name=f"{self.colour} is probed")
        try:
            await gone(running.identity)
        finally:
            prober.cancel()
        was_ready = self._standing in (Standing.READY, Standing.UNREADY)
        # Before it is buried: its id, by which its session is known, can be nobody else's until then.
        await self._sweep(running)
        code = await self._code(running.identity.pid)
        if not was_ready and code not in (None, 0) and taken(running.port) and self._conflicts < _PORTS:
            self._conflicts += 1
            self._around.note("port taken", colour=self.colour, port=running.port)
            if await self._launch():
                await self._watch()
            return
        said = self._tail(running)
        given_up = f"{self._why}; " if self._standing is Standing.DEAD and self._why else ""
        self._die(f"{given_up}it {ended_as(code)}" + (f"; it said last: {said}" if said else ""))

    async def _code(self, pid: int) -> int | None:
        """How the process ended, as far as anybody learns it."""
        if self._child is not None and self._child.pid == pid:
            for _ in range(_LOOKS):
                code = self._child.poll()
                if code is not None:
                    return code
                await asyncio.sleep(0.01)
            return None
        until = time.monotonic() + _TOLD_WITHIN
        while time.monotonic() < until:
            code = self._around.told(pid)
            if code is not None:
                return code
            await asyncio.sleep(0.01)
        return None

    async def _probe_on(self, running: Running) -> None:
        wanted = self._service.ready if self._service else service(running.release).ready
        until = time.monotonic() + wanted.within
        while True:
            fault = await probe(running.port, wanted.path, wanted.timeout)
            if fault is None:  # it stands as it stood, but nobody saw that it was ready all the time
                self._ready_since = time.monotonic()
            elif fault:
                self._probes += 1
                self._answer_badly(fault, wanted.failures)
            else:
                self._probes, self._streak, self._bad = self._probes + 1, self._streak + 1, 0
                if self._standing is not Standing.READY and alive(running.identity):
                    self._be_ready()
            if self._standing is Standing.STARTING and time.monotonic() > until:
                self._standing = Standing.DEAD
                said = _UNASKED if fault is None else fault
                self._why = f"it was not ready within {wanted.within:g} s: {said}"
                self._around.processes.signal(running.identity, signal.SIGKILL)
                return
            eager = self._standing is Standing.STARTING and fault is not None
            await asyncio.sleep(min(wanted.interval, _EAGER) if eager else wanted.interval)

    def _answer_badly(self, fault: str, limit: int) -> None:
        self._streak, self._bad = 0, self._bad + 1
        if self._standing is Standing.STARTING:
            self._why = fault
        self._ready_since = time.monotonic()
        if self._standing is Standing.READY and self._bad >= limit:
            self._standing, self._why = Standing.UNREADY, fault
            if self.running is not None:
                self.running = replace(self.running, ready=False)
            self._around.changed()
            self._around.note("colour not ready", colour=self.colour, why=fault)

    def _be_ready(self) -> None:
        running = self.running
        assert running is not None  # noqa: S101 - only what runs is ready
        self._disclaim()
        self._standing, self._why, self._ready_since = Standing.READY, "", time.monotonic()
        self.running = replace(running, ready=True, rose=True)
        self._around.board.place(self.colour, ("127.0.0.1", running.port), running.release.id)
        self._around.changed()
        self._around.note("colour ready", colour=self.colour, release=running.release.id)

    def _die(self, why: str) -> None:
        """The process is gone."""
        self._disclaim()
        self._standing, self._why, self._streak = Standing.DEAD, self._surroundings.clean(why), 0
        if self.running is not None:
            self.running = replace(self.running, ready=False)
        self._around.board.place(self.colour, None, "")
        self._around.changed()
        self._around.note("colour dead", colour=self.colour, why=self._why)

    # The end of a process

    def _begin_end(self) -> asyncio.Task[None]:
        running, life = self.running, self._life
        drain, grace = (self._service.stop.drain, self._service.stop.grace) if self._service else (0.0, 10.0)
        self._ends_by = time.monotonic() + drain + grace + _SWEPT
        self._life, self._standing, self._why = None, Standing.STOPPING, ""
        # Both in this instant: a probe that has just been answered well must not say `ready` of what is ending.
        for task in (life, self._prober):
            if task is not None:
                task.cancel()
        if running is not None:
            self.running = running = replace(running, stopping=True)
            self._around.changed()
        claim, self._claim = self._claim, None
        return asyncio.create_task(self._finish(running, claim, drain, grace), name=f"{self.colour} ends")

    async def _finish(self, running: Running | None, claim: socket.socket | None, drain: float, grace: float) -> None:
        """Drain and end this process, and say so. Another one may be waiting for the slot meanwhile."""
        with claim or contextlib.nullcontext():  # it may listen as long as it lives
            await self._ended(running, drain, grace)
        if self.running is running:
            self.running = None
            self._around.changed()
        if self._standing is Standing.STOPPING:
            self._end = None
            self._forget()

    async def _ended(self, running: Running | None, drain: float, grace: float) -> None:
        if running is not None:
            cut = await self._around.board.drained(self.colour, drain)
            self._around.note("colour drained", colour=self.colour, release=running.release.id, cut=cut)
            around = self._around
            await end(around.processes, around.folder.root, running.identity, running.instance, grace, around.note)
            if self._child is not None and self._child.pid == running.identity.pid:
                self._child.poll()
            self._around.note("colour stopped", colour=self.colour, release=running.release.id)
            self._around.board.place(self.colour, None, "")

    async def _sweep(self, running: Running) -> None:
        around = self._around
        await sweep(around.processes, around.folder.root, running.identity, running.instance, around.note)

    # Odds and ends

    def _forget(self) -> None:
        self._standing, self._why, self._again = Standing.ABSENT, "", ""
        self.release, self._service = None, None
        self._probes = self._streak = self._bad = self._restarts = 0
        self._surroundings, self._life = Surroundings({}, {}), None
        self._conflicts, self._served = 0, False

    def _prepare(self, release: Release) -> None:
        """What is known of a release that runs already; less, where its references lead nowhere any more."""
        with contextlib.suppress(Unfit):
            self._service = service(release)
            self._surroundings = surroundings(self._service, self._around.own, {})

    def _disclaim(self) -> None:
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _log(self) -> Path:
        return self._around.folder.log / f"{self.colour}.log"

    def _tail(self, running: Running) -> str:
        return self._surroundings.clean(tail(self._log(), running.log_from))
