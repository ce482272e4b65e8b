"""HAProxy as what moves the bytes: board and data plane of a keeper whose `entry.carrier` says so.

The keeper stays the only writer of the route. HAProxy inherits the listening sockets, so that connections wait where it
dies, and runs in a session of its own: it goes on serving where the worker dies, and the next worker takes it over as
it is. Whatever it does not obey within a second costs it its life; the next one begins with what the keeper wants.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from readiness_deploy.keeper import haproxy_text as words
from readiness_deploy.keeper.board import Address
from readiness_deploy.keeper.colourlog import size
from readiness_deploy.keeper.ending import gone
from readiness_deploy.keeper.entry import BadEntry, Entry, affordable, context_for
from readiness_deploy.keeper.folder import Files, Folder, short_address
from readiness_deploy.keeper.haproxy_counts import Row, Window, rows
from readiness_deploy.keeper.processes import CARRIER, INSTANCE, MARKER, Identity, Processes, alive, identity, marked
from readiness_deploy.states import COLOURS, Colour

_OBEYS_WITHIN = 3.0  # a busy machine may hold it up for a second, and its end costs the requests that it has in hand
_SHOWS_WITHIN = 1.0
_BEGINS_WITHIN = 10.0  # whoever starts a keeper waits longer, and hears why
_LOOK = 0.1
_TICK = 0.02
_LONGEST_BACKOFF = 2.0
_LARGEST = 4 << 20
_LOG_MOST = 1 << 20


class Disobeyed(Exception):
    """HAProxy does not answer, or not as it should."""


class Haproxy:
    """Board and proxy in one. Belongs to the thread of one event loop. `lost` is told how many requests were in flight,
    as last seen, when HAProxy was ended by others. Raises BadEntry where there is none that could be used."""

    def __init__(
        self, folder: Folder, entry: Entry, path: str, note: Callable[..., None], lost: Callable[[int], None]
    ) -> None:
        self._folder, self._entry, self._note, self._lost = folder, affordable(entry, note), note, lost
        self._path, self._program = path, words.program(path)
        self._selected: Colour | None = None
        self._addresses: dict[Colour, Address | None] = dict.fromkeys(COLOURS)
        self._seen: dict[Colour, Window] = {colour: Window() for colour in COLOURS}
        self._listening: tuple[int, ...] = ()
        self._process: Identity | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._former: list[Identity] = []  # end by themselves when their requests have
        self._tasks: list[asyncio.Task[None]] = []
        self._processes = Processes()

    # As the board

    @property
    def selected(self) -> Colour | None:
        """Who gets new requests."""
        return self._selected

    def point(self, colour: Colour | None) -> None:
        """Route new requests there: when this returns, no request goes elsewhere any more. None: they are told 503."""
        self._selected = colour
        wanted = f"selected {colour or words.NOBODY}"
        self._tell(
            f"set map {words.MAP} selected {colour or words.NOBODY};show map {words.MAP}", lambda said: wanted in said
        )

    def place(self, colour: Colour, address: Address | None, release: str) -> None:  # noqa: ARG002 - as the board
        """Where a colour listens; None where it does not."""
        self._addresses[colour] = address
        host, port = address or words.NOWHERE
        self._tell(
            f"set server {colour}/{colour} addr {host} port {port};show stat",
            lambda said: rows(said[said.index("# pxname") :])[colour].address == f"{host}:{port}",
        )

    def in_flight(self, colour: Colour) -> int:
        """Requests that this colour had not answered to the end when it was last looked, a tenth of a second ago."""
        return self._seen[colour].in_flight

    async def drained(self, colour: Colour, within: float) -> int:
        """Wait until nothing is in flight there, at two looks in a row; the number left after `within` seconds."""
        deadline, calm = time.monotonic() + within, 0
        while True:
            self._former = [one for one in self._former if alive(one)]
            seen = self._look()
            left = (seen[colour].in_flight if seen else 0) + len(self._former)
            calm = 0 if left else calm + 1
            if calm > 1 or time.monotonic() >= deadline:
                return left
            await asyncio.sleep(_TICK)

    def counts(self, colour: Colour) -> Mapping[str, int]:
        """Counts since HAProxy began."""
        return self._seen[colour].counts()

    def window(self, colour: Colour, seconds: float) -> Mapping[str, Any]:
        """The last seconds. Quantiles are not known; nothing is where HAProxy does not answer."""
        self._look()
        return self._seen[colour].over(time.monotonic(), seconds)

    # As the proxy

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Take over the HAProxy that runs for this folder, or start one. Raises BadEntry where it cannot be."""
        self._listening = tuple(one.fileno() for one in sockets)
        self._lay_certificate()
        self._adopt()
        if self._process is None:
            fault = await self._launch()
            if fault:
                raise BadEntry(f"carrier: HAProxy does not begin: {fault}")
        self._go_on()

    def renew(self) -> None:
        """Read the certificate again, for connections that are yet to come. Raises BadEntry; the old one then stays."""
        tls = self._entry.tls
        if tls is None:
            return
        context_for(tls)
        lines = [
            line for path in (tls.certificate, tls.key) for line in Path(path).read_text().splitlines() if line.strip()
        ]
        try:
            self._ask(f"set ssl cert {words.CERTIFICATE} <<\n" + "\n".join(lines) + "\n")
            said = self._ask(f"commit ssl cert {words.CERTIFICATE}")
        except Disobeyed as fault:
            raise BadEntry(f"HAProxy did not take the certificate: {fault}") from None
        if "Success" not in said:
            raise BadEntry("HAProxy did not take the certificate")

    def pause(self) -> None:
        """Another worker is about to begin, which looks after HAProxy: look away."""
        self._rest()

    def resume(self) -> None:
        """It did not begin: go on with the HAProxy that it left."""
        self._adopt()
        self._go_on()

    async def hand_over(self, within: float) -> None:
        """Leave HAProxy as it is to the worker that began."""

    async def close(self, within: float) -> int:
        """Take no more connections, let requests in flight end, then end HAProxy. How many were cut at the deadline."""
        self._rest()
        if self._process is None:
            return 0
        self._processes.signal(self._process, signal.SIGUSR1, group=False)
        left = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await gone(self._process)
        if alive(self._process):
            left = sum(row.in_flight for row in (self._look() or {}).values())
            self._processes.signal(self._process, signal.SIGKILL)
            await gone(self._process)
            self._note("requests cut", by="end of the keeper", number=left)
        if self._child is not None:
            self._child.poll()
        _note_of(self._folder).unlink(missing_ok=True)
        return left

    # Its life

    def _adopt(self) -> None:
        """Go on with the HAProxy that the worker before this one noted down; one that nobody noted ends by itself."""
        noted: Identity | None = None
        with contextlib.suppress(OSError, msgspec.DecodeError):
            noted = msgspec.json.decode(_note_of(self._folder).read_bytes(), type=Identity)
        for one in marked(self._folder.root):
            if one.instance != CARRIER:
                continue
            if one.identity != noted:
                self._processes.signal(one.identity, signal.SIGUSR1, group=False)
                self._former.append(one.identity)
                continue
            self._process = one.identity
            self._note("carrier adopted", pid=one.identity.pid)
        if self._process is None:
            if noted is not None:
                self._note("carrier gone meanwhile", pid=noted.pid, cut="nobody knows what it had in flight")
            return
        # What is wanted may have changed while nobody said so.
        self.point(self._selected)
        for colour in COLOURS:
            self.place(colour, self._addresses[colour], "")

    async def _launch(self) -> str:
        """Start one that begins with what is wanted now. Empty when it answers; else why it does not."""
        root, files = self._folder.root, Files()
        files.jot(root / words.MAP, words.route(self._selected).encode())
        files.jot(root / words.SETTINGS, words.text(self._entry, self._listening, self._addresses).encode())
        log = self._folder.log / "haproxy.log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_MOST:
                log.replace(log.with_name(log.name + ".1"))
        said_before = size(log)
        with log.open("ab") as errors, Path(self._entry.access_log or os.devnull).open("ab") as out:
            self._child = subprocess.Popen(
                [self._program, "-db", "-f", words.SETTINGS],
                cwd=root,
                env={"PATH": self._path, MARKER: str(root), INSTANCE: CARRIER},
                pass_fds=self._listening,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                start_new_session=True,
            )
        known = self._process = identity(self._child.pid) or Identity(self._child.pid, -1)
        files.jot(_note_of(self._folder), msgspec.json.encode(known))
        deadline = time.monotonic() + _BEGINS_WITHIN
        while alive(known) and time.monotonic() < deadline:
            with contextlib.suppress(Disobeyed):
                if f"Pid: {known.pid}\n" in self._ask("show info"):
                    self._note("carrier started", pid=known.pid)
                    return self._catch_up()
            await asyncio.sleep(_TICK)
        self._processes.signal(known, signal.SIGKILL)
        _note_of(self._folder).unlink(missing_ok=True)
        return _said(log, said_before)

    def _catch_up(self) -> str:
        """What was wanted while it began."""
        self.point(self._selected)
        for colour in COLOURS:
            self.place(colour, self._addresses[colour], "")
        return ""

    async def _mind(self) -> None:
        """Bring another one where it ended. Until this is cancelled."""
        failures = 0
        while True:
            if self._process is not None:
                await gone(self._process)
                self._bury()
            fault = await self._launch_safely()
            failures = failures + 1 if fault else 0
            if fault:
                self._note("carrier does not begin", why=fault)
                await asyncio.sleep(min(_LONGEST_BACKOFF, 0.1 * 2**failures))

    async def _launch_safely(self) -> str:
        try:
            return await self._launch()
        except OSError as fault:
            return str(fault)

    def _bury(self) -> None:
        if self._child is not None:
            self._child.poll()
        if self._process is None or not self._tasks:
            return
        cut = sum(self._seen[colour].in_flight for colour in COLOURS)
        self._note("carrier ended", pid=self._process.pid)
        if cut:
            self._note("requests cut", by="death of HAProxy", number=cut, exact=False)
            self._lost(cut)
        for seen in self._seen.values():
            seen.ended()
        self._process = None

    def _go_on(self) -> None:
        self._tasks = [asyncio.create_task(self._mind()), asyncio.create_task(self._look_on())]

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _look_on(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(_LOOK)

    def _look(self) -> dict[Colour, Row] | None:
        """The counts now; None where nobody answers."""
        if self._process is None:
            return None
        try:
            found = rows(self._ask("show stat"))
        except (Disobeyed, ValueError):
            return None
        now = time.monotonic()
        for colour, row in found.items():
            self._seen[colour].add(now, row)
        return found

    # Words to it

    def _tell(self, command: str, obeyed: Callable[[str], bool]) -> None:
        """Have it do something. One that does not is ended: the next one begins as it should be."""
        if self._process is None:
            return  # it begins with what is wanted
        try:
            if obeyed(self._ask(command, _OBEYS_WITHIN)):
                return
            why = "it answered otherwise"
        except (Disobeyed, ValueError, KeyError) as fault:
            why = str(fault)
        self._note("carrier disobeyed", command=command.partition(";")[0], why=why)
        self._processes.signal(self._process, signal.SIGKILL)

    def _ask(self, command: str, within: float = _SHOWS_WITHIN) -> str:
        """One line of commands and what is answered to it. Raises Disobeyed."""
        folder = os.open(self._folder.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        said = b""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(within)
                line.connect(short_address(self._folder.root / words.SOCKET, folder))
                line.sendall(command.encode() + b"\n")
                while len(said) < _LARGEST and (part := line.recv(1 << 16)):
                    said += part
        except OSError as fault:
            raise Disobeyed(f"HAProxy does not answer: {fault.strerror or type(fault).__name__}") from None
        finally:
            os.close(folder)
        return said.decode("utf-8", "replace")

    def _lay_certificate(self) -> None:
        """Names by which HAProxy finds certificate and key, which lie where the settings say."""
        tls = self._entry.tls
        if tls is None:
            return
        for name, path in ((words.CERTIFICATE, tls.certificate), (f"{words.CERTIFICATE}.key", tls.key)):
            place = self._folder.root / name
            place.unlink(missing_ok=True)
            place.symlink_to(Path(path).absolute())


def leave_off(folder: Folder) -> list[Identity]:
    """Have every HAProxy of a folder whose keeper is gone take no more connections. Those that still have requests."""
    _note_of(folder).unlink(missing_ok=True)
    left = [one.identity for one in marked(folder.root) if one.instance == CARRIER]
    for one in left:
        Processes().signal(one, signal.SIGUSR1, group=False)
    return left


def _note_of(folder: Folder) -> Path:
    return folder.root / "haproxy.json"


def _said(log: Path, since: int) -> str:
    """The first of what it complained of."""
    try:
        lines = log.read_bytes()[since:].decode("utf-8", "replace").splitlines()
    except OSError:
        return "it says nothing"
    said = [line.partition(" : ")[2] for line in lines if "ALERT" in line] or lines
    return (said or ["it says nothing"])[0][:600]
