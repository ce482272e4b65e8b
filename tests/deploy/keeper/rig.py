"""A keeper of its own for each test, with real processes on free ports of the loopback."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ports import reserved
from readiness_deploy.adapters.local import Keeper, observation
from readiness_deploy.keeper import channel
from readiness_deploy.keeper.client import Unreachable, ask
from readiness_deploy.keeper.processes import alive, identity, marked
from readiness_deploy.keeper.start import Failure, start, status, stop
from readiness_deploy.ports import Holder, Observation
from readiness_deploy.record import Record, Release
from readiness_deploy.states import Colour

APP = Path(__file__).parents[1] / "app.py"
LONG = 120.0  # the machine may be busy with other things


def until(what: Callable[[], Any], within: float = LONG, why: Callable[[], Any] = lambda: "") -> Any:
    """What `what` returns, as soon as that is something."""
    deadline = time.monotonic() + within
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < deadline, f"not within {within:g} s: {why()}"
        time.sleep(0.01)


@dataclass
class Load:
    """Clients that ask without pause, each over a connection of its own that it keeps; what went wrong is kept."""

    port: int
    clients: int = 4
    fresh: bool = False
    answers: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    longest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(LONG)

    @property
    def count(self) -> int:
        return sum(self.answers.values())

    def more(self, number: int) -> None:
        """Wait for so many further answers."""
        wanted = self.count + number
        until(lambda: self.count >= wanted or self.faults, why=lambda: self.faults)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        while not self._over.is_set():
            began = time.monotonic()
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.faults.append(f"{answer.status} {answer.headers}")
                release = answer.headers.get("X-Release", "")
                self.answers[release] = self.answers.get(release, 0) + 1
            except (OSError, http.client.HTTPException) as fault:
                self.faults.append(f"{type(fault).__name__}: {fault}")
                connection.close()
            if self.fresh:
                connection.close()
            self.longest = max(self.longest, time.monotonic() - began)


@dataclass
class Rig:
    """One state folder, and the keeper in it."""

    state: Path
    program: tuple[str, ...] = channel.PROGRAM
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    entry: dict[str, Any] = field(default_factory=lambda: {"listen": "127.0.0.1:0"})
    port: int = 0
    adapters: list[Keeper] = field(default_factory=list)
    _port: socket.socket | None = None

    def start(self) -> dict[str, Any]:
        if str(self.entry["listen"]).endswith(":0"):
            # Later starts in this folder are to listen where users know it.
            self._port = reserved()
            self.entry = {**self.entry, "listen": f"127.0.0.1:{self._port.getsockname()[1]}"}
        about = start(self.state, self.entry, environment=self.environment, program=self.program, within=LONG)
        self.port = int(about["listening"][0].rpartition(":")[2])
        return about

    def stop(self) -> None:
        stop(self.state)

    def deployer(self, by: str = "somebody", *, lock: bool = True, **more: Any) -> Keeper:
        keeper = Keeper(self.state, within=LONG)
        self.adapters.append(keeper)
        if lock:
            keeper.lock(holder(by), **more)
        return keeper

    def release(self, name: str, *words: str, **details: Any) -> Release:
        return release(name, *words, **details)

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        return ask(self.state, do, **{"within": LONG, **arguments})

    def details(self) -> dict[str, Any]:
        """What `observe` answers, as soon as somebody does."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            with suppress(Unreachable):
                found.append(ask(self.state, "observe"))
            return bool(found)

        until(look, why=lambda: (self.state / "log" / "keeper.log").read_text()[-2000:])
        return found[-1]

    def about(self) -> dict[str, Any]:
        return dict(self.details()["keeper"])

    def record(self) -> Record:
        return observation(self.details()).record

    def standing(self, colour: Colour, wanted: str, within: float = LONG) -> dict[str, Any]:
        return until(
            lambda: (view := self.details()["colours"][colour])["standing"] == wanted and view,
            within,
            lambda: self.details(),
        )

    def serve(self, keeper: Keeper, colour: Colour, release: Release, **more: Any) -> Observation:
        """Have this release run there and select it."""
        keeper.start(colour, release)
        self.standing(colour, "ready")
        record = keeper.observe().record
        keeper.write(record.but(selected=colour, slots={**record.slots, colour: release}, **more))
        return keeper.observe()

    def get(self, path: str = "/", method: str = "GET") -> tuple[int, str, str]:
        """Status, body, and the release that said it, through the entry."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("X-Release", "")
        finally:
            connection.close()

    def tell(self, colour: Colour, path: str) -> None:
        """POST to a colour itself, past the entry. Whether it lives to answer is not asked."""
        where = self.details()["colours"][colour]["address"].removeprefix("http://")
        connection = http.client.HTTPConnection(where, timeout=LONG)
        try:
            with suppress(OSError, http.client.HTTPException):
                connection.request("POST", path)
                connection.getresponse().read()
        finally:
            connection.close()

    def promote(self) -> None:
        """End the bake, as somebody would who has seen enough."""
        self.ask("request", kind="promote", by="the test", reason="")

    def load(self, **more: Any) -> Load:
        return Load(self.port, **more)

    def kill(self, who: str) -> int:
        """SIGKILL to the worker or the holder; who that was. When this returns, it does nothing any more: a request
        that it still accepted would die with it."""
        pid = int(self.about()[f"{who}_pid"])
        known = identity(pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: known is None or not alive(known))
        return pid

    def kill_everything(self) -> None:
        """As a loss of power would: nothing of the keeper and its colours lives afterwards."""
        for keeper in self.adapters:
            keeper.close()
        until(self._ended)
        self.kill_colours()

    def kill_colours(self) -> None:
        def rest() -> list[int]:
            return [one.identity.pid for one in marked(self.state)]

        def killed() -> bool:
            for pid in rest():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not rest()

        until(killed)

    def processes(self) -> list[int]:
        """The living processes with this keeper's marker."""
        return [one.identity.pid for one in marked(self.state)]

    def journal(self) -> str:
        return (self.state / "log" / "keeper.log").read_text()

    def clean_up(self) -> None:
        self.kill_everything()
        if self._port is not None:
            self._port.close()

    def _ended(self) -> bool:
        # One that sees the other one die brings a new one: more than one round may be needed.
        with suppress(Unreachable):
            about = ask(self.state, "observe", within=1.0)["keeper"]
            for pid in filter(None, (about["holder_pid"], about["worker_pid"], about["guard_pid"])):
                with suppress(OSError):
                    os.kill(int(pid), signal.SIGKILL)
        with suppress(Failure):
            return status(self.state, within=0.2) is None
        return False


def holder(by: str = "somebody", *, guard: bool = False) -> Holder:
    return Holder(by=by, host="here", pid=os.getpid(), run=f"run of {by}", since="now", guard=guard)


def release(name: str, *words: str, **details: Any) -> Release:
    """A release that runs the small service with these arguments."""
    return Release(
        id=name,
        version=name,
        details={
            "folder": str(APP.parent),
            "command": [sys.executable, "-S", "-E", str(APP), *words],
            "identity": {"header": "X-Release"},
            "ready": {"interval": 0.05, "timeout": 10, "failures": 2, "within": 60, "min-ready": 0},
            "stop": {"drain": 60, "grace": 10},
            **details,
        },
    )


def program(place: Path, change: str) -> tuple[str, ...]:
    """The keeper's program with this change."""
    file = place / "keeper.py"
    file.write_text(
        "import os, sys\n"
        "from readiness_deploy.keeper import running\n"
        f"{change}\n"
        "raise SystemExit(running.main(sys.argv[1:], os.environ, program=(sys.executable, __file__)))\n"
    )
    return sys.executable, str(file)


def in_flight(rig: Rig, colour: Colour, number: int) -> None:
    """Wait until so many requests are at work in a colour."""
    until(lambda: rig.details()["colours"][colour]["in_flight"] == number, why=rig.details)


def gone(rig: Rig) -> None:
    """Wait until no keeper lives."""
    until(lambda: status(rig.state, within=LONG) is None)
