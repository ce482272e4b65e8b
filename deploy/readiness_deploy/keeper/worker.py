"""The worker: the process that carries the traffic, answers commands and looks after the colours.

It may be killed at any time: its holder starts another one, which goes on from what lies in the state folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from readiness_deploy.keeper import aside as aside_file
from readiness_deploy.keeper import channel
from readiness_deploy.keeper.around import Plane, Route
from readiness_deploy.keeper.board import Board
from readiness_deploy.keeper.client import Unreachable, ask
from readiness_deploy.keeper.control import LEAVE_COLOURS, Control
from readiness_deploy.keeper.core import Keeper
from readiness_deploy.keeper.ending import gone
from readiness_deploy.keeper.entry import BadEntry, Entry, context_for, entry_from
from readiness_deploy.keeper.folder import Files, Folder, known_as
from readiness_deploy.keeper.journal import Journal, stamp
from readiness_deploy.keeper.lease import Lease
from readiness_deploy.keeper.processes import CARRIER, Identity, Processes, alive, identity
from readiness_deploy.keeper.proxy import Proxy
from readiness_deploy.keeper.recovery import recover
from readiness_deploy.keeper.routefile import Unusable, load
from readiness_deploy.keeper.shared import NoRoom, Shared

_DRAIN = 30.0
_ADOPT_AFTER = 0.2
_DIES_WITHIN = 1.0
_TAKEN_WITHIN = 5.0
_TICK = 0.02
_LOOK = 1.0


def work(
    root: Path,
    given: channel.Sockets,
    own: Mapping[str, str],
    *,
    program: Sequence[str] = channel.PROGRAM,
    files: Files | None = None,
    processes: Processes | None = None,
) -> int:
    """Be the worker of this folder until it is told to end. Returns the exit code.

    Signals that end programs are the holder's affair: a worker does not go because its terminal or its session does.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    os.umask(0o077)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 65_536), hard), hard))
    worker = _Worker(Folder(root), given, own, program, files or Files(), processes or Processes())
    try:
        return asyncio.run(worker.run())
    except (Unusable, BadEntry, NoRoom, OSError, msgspec.DecodeError) as fault:
        worker.journal.note("worker cannot begin", why=str(fault))
        sys.stderr.write(f"readiness keeper: {fault}\n")
        return channel.EX_UNUSABLE if isinstance(fault, Unusable | BadEntry | msgspec.DecodeError) else 1


def rehearse(root: Path, own: Mapping[str, str]) -> None:
    """What a worker of this folder wants at its beginning, read and left as it is. Raises Unusable, BadEntry, OSError,
    msgspec.DecodeError."""
    folder = Folder(root)
    entry = entry_from(msgspec.json.decode(folder.settings.read_bytes(), type=dict[str, Any]))
    if entry.carrier == "haproxy":
        from readiness_deploy.keeper.haproxy_text import program

        program(own.get("PATH", ""))
    if entry.tls is not None:
        context_for(entry.tls)
    load(folder)


class _Worker:
    def __init__(
        self,
        folder: Folder,
        given: channel.Sockets,
        own: Mapping[str, str],
        program: Sequence[str],
        files: Files,
        processes: Processes,
    ) -> None:
        self.journal = Journal(folder.keeper_log)
        self._folder, self._given, self._own, self._program = folder, given, own, program
        self._files, self._processes = files, processes
        self._listening = [socket.socket(fileno=fd) for fd in given.listen]
        self._control = socket.socket(fileno=given.control)
        self._since, self._scheme, self._id = stamp(), "http", ""
        self._drain = _DRAIN
        self._leaving, self._stayed = "", 0
        self._besides: Mapping[str, str] = {}
        self._left = asyncio.Event()
        self._relief: asyncio.Future[bool] | None = None
        self._lease, self._then = Lease(folder.root), ""
        self._holder_is = identity(os.getppid()) or Identity(os.getppid(), -1)
        self._to_holder: asyncio.StreamWriter | None = None
        self._holder: subprocess.Popen[bytes] | None = None
        self._lost: Callable[[int], None] = lambda _: None
        self._told: dict[int, int] = {}

    async def run(self) -> int:
        """From what lies in the folder to the end; from there again where the worker that was handed over to did not
        begin."""
        entry = entry_from(msgspec.json.decode(self._folder.settings.read_bytes(), type=dict[str, Any]))
        self._scheme = "https" if entry.tls else "http"
        self._drain = max(_DRAIN, entry.timeout)  # nobody waits for the end of an upgrade
        await self._begin_to_steer()
        self._id = known_as(self._folder, self._files)
        shared = Shared(self._folder.root / "inflight")
        known = aside_file.load(self._folder)
        known.cut += sum(dead.cut for dead in shared.dead)
        known.restarts += 1 if shared.dead else 0
        record = recover(self._folder, known, self._files, self.journal.note)
        board, proxy = self._carried(entry, shared)
        minding: asyncio.Task[None] | None = None
        while True:
            keeper = Keeper(
                self._folder, record, known, board, self.journal, self._own, self._files, self._processes
            )  # fmt: skip
            self._lost, self._told = keeper.lost, keeper.told
            control = Control(keeper, self._about, self._leave)
            keeper.begin((CARRIER,) if entry.carrier == "haproxy" else ())
            if minding is None:
                await proxy.serve(self._listening)
            else:
                proxy.resume()
            await control.serve(self._control.dup())
            self.journal.note("worker began", pid=os.getpid(), selected=record.selected, cut=known.cut)
            minding = minding or self._task("holder", self._mind_holder(proxy))
            jobs = {
                "ticks": keeper.tick(),
                "guarding": keeper.guarding.watch(),
                "cuts": self._count_cuts(keeper, shared),
            }
            tasks = [self._task(name, job) for name, job in jobs.items()]
            await self._left.wait()
            for task in tasks:
                task.cancel()
            if await self._end(keeper, proxy, control):
                break
            known = aside_file.load(self._folder)
            record = recover(self._folder, known, self._files, self.journal.note)
        shared.close()
        minding.cancel()
        return 0

    async def _begin_to_steer(self) -> None:
        """Raises OSError where another worker steers: one that handed over has given that up before."""
        until = time.monotonic() + _TAKEN_WITHIN
        while not self._lease.take():
            if time.monotonic() > until:
                raise OSError(errno.EBUSY, "another worker of this folder lives, and steers")
            await asyncio.sleep(_TICK)

    async def _count_cuts(self, keeper: Keeper, shared: Shared) -> None:
        """What a worker that handed over had to cut off in the end, or died with, is cut by the keeper too."""
        while True:
            await asyncio.sleep(_LOOK)
            for dead in shared.collect():
                if dead.cut:
                    who = {"process": dead.process, "blue": dead.blue, "green": dead.green}
                    self.journal.note("requests cut", by="a worker that had handed over", **who)
                    keeper.lost(dead.cut)

    def _task(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(job, name=name)
        task.add_done_callback(self._broken)
        return task

    def _carried(self, entry: Entry, shared: Shared) -> tuple[Route, Plane]:
        """The board, and what moves the bytes as it says."""
        if entry.carrier == "haproxy":
            from readiness_deploy.keeper.haproxy import Haproxy

            both = Haproxy(
                self._folder, entry, self._own.get("PATH", ""), self.journal.note, lambda cut: self._lost(cut)
            )
            return both, both
        board = Board(elsewhere=shared.elsewhere)
        return board, Proxy(board, entry, shared, self.journal.note)

    def _about(self) -> Mapping[str, Any]:
        return {
            "keeper": _version(),
            "id": self._id,
            "pid": os.getpid(),
            "worker_pid": os.getpid(),
            "holder_pid": self._holder_is.pid,
            "leaving": self._leaving,
            "stayed": self._stayed,
            "since": self._since,
            "listening": [_spelled(one) for one in self._listening],
            "scheme": self._scheme,
            "state": str(self._folder.root),
        }

    def _leave(self, how: str, besides: Mapping[str, str] | None = None) -> bool:
        if self._leaving:
            return False
        self._leaving, self._besides = how, besides or {}
        self.journal.note("worker leaves", how=how, **({"variables": sorted(besides)} if besides else {}))
        loop = asyncio.get_running_loop()
        self._relief = loop.create_future()
        # After the answer to whoever asked for it.
        loop.call_later(0.02, self._left.set)
        return True

    def _broken(self, task: asyncio.Task[None]) -> None:
        """A fault of ours in what must never end. Another worker begins with a clean memory."""
        stays = self._relief is not None and self._relief.done() and not self._relief.result()
        if task.cancelled() or (self._leaving and not stays):
            return
        fault = task.exception()
        self.journal.note("worker broken", task=task.get_name(), why=f"{type(fault).__name__}: {fault}")
        os._exit(1)

    async def _end(self, keeper: Keeper, proxy: Plane, control: Control) -> bool:
        """Do what is to be done before this worker leaves. False where it stays."""
        if self._leaving == channel.HANDOVER:
            return await self._hand_over(keeper, proxy, control)
        keeper.closed = "the keeper is ending"
        await proxy.close(_DRAIN)
        if self._leaving == LEAVE_COLOURS:
            keeper.closed = ""
            keeper.hand_over()
            keeper.guarding.end()
        else:
            await keeper.stop_all()
        await control.close()
        self.journal.note("worker ended")
        await self._tell(channel.ENDED)
        return True

    async def _hand_over(self, keeper: Keeper, proxy: Plane, control: Control) -> bool:
        """Have another worker begin, and carry requests until it did. False where it did not, and this one stays."""
        assert self._relief is not None  # noqa: S101 - made when leaving began
        await control.close()
        keeper.hand_over()
        proxy.pause()
        if self._to_holder is None and not self._relief.done():
            self._relief.set_result(False)
        if not self._relief.done():  # else the holder is another one already
            self._lease.drop()
            words = [f"{channel.VARIABLES} {json.dumps(self._besides)}"] if self._besides else []
            await self._tell("\n".join([*words, channel.HANDOVER]))
        if await self._relief or await self._is_relieved():
            await proxy.hand_over(self._drain)
            return True
        self._leaving, self._besides = "", {}
        self._left.clear()
        self._stayed += 1
        self.journal.note("worker stays", why="no other worker began")
        if self._then:
            self._leave(self._then)
        return False

    async def _is_relieved(self) -> bool:
        """Whether another worker steers, which the holder began before it died; else it is this one again."""
        while not self._lease.take():
            if await asyncio.to_thread(self._is_answered):
                return True
            await asyncio.sleep(_TICK)
        return False

    def _is_answered(self) -> bool:
        """Whether commands are answered, by whoever steers: this worker takes none."""
        try:
            return bool(ask(self._folder.root, "hello", within=1.0))
        except Unreachable:
            return False

    # The holder

    async def _mind_holder(self, proxy: Plane) -> None:
        """Listen to the holder; bring a new one when it is gone."""
        end = socket.socket(fileno=self._given.channel)
        while True:
            began = time.monotonic()
            reader, writer = await asyncio.open_connection(sock=end)
            self._to_holder = writer
            await self._tell(channel.BEGAN)
            with contextlib.suppress(ConnectionError):  # of what it was told and died before it read
                while line := await reader.readline():
                    self._heed(line.decode().split(), proxy)
            writer.close()
            self._to_holder = None
            if self._leaving and not await self._is_left_alone():
                return
            if time.monotonic() - began < 1.0:
                await asyncio.sleep(_ADOPT_AFTER)
            end = self._renew_holder()

    async def _is_left_alone(self) -> bool:
        """Whether this worker must stay, since its holder died before another worker began."""
        relief = self._relief
        if self._leaving != channel.HANDOVER or relief is None or relief.done():
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DIES_WITHIN):
                await gone(self._holder_is)
        # The holder of an older program closes the channel when it begins anew, and lives.
        relieved = alive(self._holder_is) or await self._is_relieved()
        if not relief.done():
            relief.set_result(relieved)
        return not relieved

    def _heed(self, words: list[str], proxy: Plane) -> None:
        if words[:1] == [channel.STOP]:
            self._stop()
        elif words[:1] == [channel.RELIEVED]:
            if self._relief is not None and not self._relief.done():
                self._relief.set_result(True)
        elif words[:1] == [channel.RENEW]:
            try:
                proxy.renew()
            except BadEntry as fault:
                self.journal.note("certificate not renewed", why=str(fault))
        elif words[:1] == [channel.REAPED]:
            self._told[int(words[1])] = int(words[2])

    def _stop(self) -> None:
        """Where this worker has handed over, no other one began: it goes on for as long as ending takes."""
        if not self._leave(channel.STOP) and self._leaving == channel.HANDOVER:
            self._then = channel.STOP
            if self._relief is not None and not self._relief.done():
                self._relief.set_result(False)

    def _renew_holder(self) -> socket.socket:
        """Our holder died. Another one watches over this worker, with the same sockets."""
        ours, theirs = socket.socketpair()
        me = identity(os.getpid())
        assert me is not None  # noqa: S101 - we live
        handed = channel.Sockets(self._given.listen, self._given.control, self._given.lock, theirs.fileno())
        words = [*self._program, "hold", str(self._folder.root), *handed.words(), f"{me.pid}:{me.started}"]
        with self._folder.keeper_log.open("ab") as log:
            self._holder = subprocess.Popen(
                words,
                pass_fds=handed.all(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=dict(self._own),
            )
        theirs.close()
        ours.setblocking(False)
        self._holder_is = identity(self._holder.pid) or Identity(self._holder.pid, -1)
        self.journal.note("holder renewed", pid=self._holder.pid)
        return ours

    async def _tell(self, word: str) -> None:
        if self._to_holder is not None:
            with contextlib.suppress(OSError):
                self._to_holder.write(f"{word}\n".encode())
                await self._to_holder.drain()


def _spelled(one: socket.socket) -> str:
    host, port = one.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("readiness")
    except PackageNotFoundError:
        return "unknown"
