"""A service to ship with everything real: the command line, the keeper, the service's processes, and the load."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ports import reserved
from readiness_deploy.keeper.client import Declined, Unreachable, ask
from readiness_deploy.keeper.processes import marked
from readiness_deploy.keeper.start import Failure, status

HERE = Path(__file__).resolve().parent
APP = HERE.parent / "app.py"
CLI = (sys.executable, "-c", "from readiness.cli import main; main()")
MORTAL = (sys.executable, str(HERE / "mortal.py"))
PLACE = "PROCESS_RIG"
LONG = 120.0  # the machine may be busy with other things
LASTING = 3600.0  # a bake that ends when the test says so
SHIP = ("--yes", "--format", "json")
SETTINGS = """
service: shop
environments:
  local:
    profile: development
    bar: {{score: 0, covered: 0}}
    sources: {{repository: .}}
    deploy:
      state: {state}
      entry: {{listen: "127.0.0.1:{port}"{entry}}}
      release: {{source: versions}}
      run:
        command: [./serve]
        ready: {{path: /ready, interval: 0.1, failures: 40, timeout: 5, within: 60, min-ready: 0.1}}
        stop: {{drain: {drain}, grace: 2}}
        identity: {{header: X-Release}}
      gates:
        before: [{{name: works, http: {{path: /}}, interval: 0.05, count: 1}}]
{after}      bake: {{seconds: {bake}, identities: 2}}
{more}
"""


@dataclass
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str
    took: float

    @property
    def end(self) -> dict[str, Any]:
        """The last object of `--format json`."""
        return dict(json.loads(self.out.splitlines()[-1]))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self) -> str:
        return f"exit {self.code} after {self.took:.1f} s\n{self.out[-3000:]}\n{self.err[-3000:]}"


@dataclass
class Rig:
    """A project, its state folder, and whatever was started for them."""

    place: Path
    port: int = 0
    reserved: socket.socket | None = None
    state: Path = field(init=False)
    running: list[tuple[subprocess.Popen[str], float]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = self.place.resolve()
        self.state = self.place / "state"
        self.project = self.place / "shop"
        if not self.port:
            self.reserved = reserved()
            self.port = int(self.reserved.getsockname()[1])
        (self.place / "tmp").mkdir(parents=True)
        self.project.mkdir()
        (self.project / "README.md").write_text("# Shop\n")
        left_out = ("CI", "FORCE_COLOR")
        self.environment = {k: v for k, v in os.environ.items() if k not in left_out}
        self.environment |= {PLACE: str(self.place), "TMPDIR": str(self.place / "tmp")}
        self.settings()

    # The project

    def settings(
        self,
        *,
        bake: float = 1.0,
        drain: float = 10,
        more: str = "",
        entry: str = "",
        interval: float | None = None,
        forgiven: int = 0,
    ) -> None:
        """`interval` is that of the gate in the bake, which forgives so many failures; None has no such gate. It cannot
        tell where its last answer is older than two of them at the end: a busy machine may be that late."""
        gate = f"name: home, http: {{path: /}}, interval: {interval}, timeout: 5, failure-limit: {forgiven}"
        after = f"        after: [{{{gate}}}]\n" if interval else ""
        text = SETTINGS.format(
            state=self.state, port=self.port, bake=bake, drain=drain, more=more, entry=entry, after=after
        )
        (self.project / "readiness.yaml").write_text(text)

    def version(self, name: str, *arguments: str, **sql: str) -> str:
        """A version of the service, started with these arguments of the sample app, with these migrations."""
        folder = self.project / "versions" / name
        (folder / "sql").mkdir(parents=True)
        words = " ".join(arguments)
        (folder / "serve").write_text(f"#!/bin/sh\n# {name}\nexec {sys.executable} -S -E {APP} {words}\n")
        (folder / "serve").chmod(0o755)
        for file, text in sql.items():
            (folder / "sql" / f"{file}.sql").write_text(text)
        return name

    # Commands

    def begin(self, *words: str, program: tuple[str, ...] = CLI, more: dict[str, str] | None = None, **given: Any):
        """A command that runs beside the test."""
        made = subprocess.Popen(
            [*program, *words],
            cwd=self.project,
            env={**self.environment, **(more or {})},
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                **given,
            },
        )
        self.running.append((made, time.monotonic()))
        return made

    def end(self, running: subprocess.Popen[str], within: float = LONG) -> Done:
        began = next(at for one, at in self.running if one is running)
        out, err = running.communicate(timeout=within)
        self.running = [pair for pair in self.running if pair[0] is not running]
        return Done(running.returncode, out or "", err or "", time.monotonic() - began)

    def run(self, *words: str, **given: Any) -> Done:
        return self.end(self.begin(*words, **given))

    def deploy(self, version: str, *more: str, **given: Any) -> Done:
        return self.run("deploy", "--version", version, *SHIP, *more, **given)

    def shipped(self, version: str) -> Done:
        """A deploy that has to succeed."""
        done = self.deploy(version)
        assert done.code == 0, done
        return done

    # What is so

    def seen(self) -> dict[str, Any]:
        """What the keeper says, as soon as one answers."""
        return until(self._asked, why=self.tail)

    def _asked(self) -> dict[str, Any] | None:
        try:
            return ask(self.state, "observe")
        except (Unreachable, Declined):
            return None

    def record(self) -> dict[str, Any]:
        return dict(self.seen()["record"])

    def until_phase(self, *phases: str) -> dict[str, Any]:
        return until(lambda: (r := self.record())["phase"] in phases and r, why=self.tail)

    def promote(self) -> None:
        """End the bake, without a process that would watch what comes of it."""
        ask(self.state, "request", within=LONG, kind="promote", by="the test", reason="")

    def kept(self) -> bool:
        """Whether a keeper runs."""
        with contextlib.suppress(Failure):
            return status(self.state) is not None
        return True

    def answers(self) -> str:
        """The release that one request through the entry came back with."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", "/")
            return connection.getresponse().getheader("X-Release") or ""
        finally:
            connection.close()

    def tail(self) -> str:
        """The end of what the keeper and the guard wrote, for the report of a failure."""
        logs = [self.state / "log" / name for name in ("keeper.log", "guard.log")]
        return "\n".join(log.read_text()[-4000:] for log in logs if log.exists())

    def journal(self) -> list[dict[str, Any]]:
        """The keeper's journal."""
        file = self.state / "log" / "keeper.log"
        found = []
        for line in file.read_text().splitlines() if file.exists() else ():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def ours(self) -> dict[int, str]:
        """Every living process that this rig brought about, by its command line."""
        found = {}
        wanted = f"{PLACE}={self.place}".encode()
        for entry in os.scandir("/proc"):
            if not entry.name.isdecimal():
                continue
            with contextlib.suppress(OSError):
                if wanted in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    line = Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if line:  # a dead one that nobody has buried has none
                        found[int(entry.name)] = line
        return found | {one.identity.pid: "marked" for one in marked(self.state) if one.identity.pid not in found}

    def load(self, rate: float, **more: Any) -> Load:
        return Load(self, rate, **more)

    # The end

    def kill_all(self) -> None:
        """SIGKILL to each process of the rig, as a loss of power would."""

        def killed() -> bool:
            for pid in (left := self.ours()):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return not left

        until(killed)

    def close(self) -> None:
        self.kill_all()
        for one, _ in self.running:
            one.communicate()
        if self.reserved is not None:
            self.reserved.close()


def sane(rig: Rig, serving: str) -> dict[str, Any]:
    """What must hold whenever nothing is in flight: this version serves, and it alone is what the record, the route and
    the entry name; nothing of what came about lives on unaccounted for; a further `resume` writes nothing."""
    seen = rig.seen()
    record = seen["record"]
    assert record["phase"] == "stable", (record, rig.tail())
    assert record["intent"] is None
    release = record["slots"][record["selected"]]
    assert release["version"] == serving, (release["version"], serving, record["last"])
    assert seen["actual"] == [record["selected"]]
    assert seen["colours"][record["selected"]]["standing"] == "ready", seen["colours"]
    assert {rig.answers() for _ in range(3)} == {release["id"]}
    until(lambda: not strangers(rig), why=lambda: strangers(rig))
    done = rig.run("resume", "--format", "json")
    assert done.code == 0, done
    after = rig.record()
    assert after["generation"] == record["generation"], (record, after)
    return after


def strangers(rig: Rig) -> dict[int, str]:
    """Processes of the rig that neither the keeper nor the record accounts for."""
    seen = rig.seen()
    keeper, colours, record = seen["keeper"], seen["colours"], seen["record"]
    known = {keeper["holder_pid"], keeper["worker_pid"], *(one.pid for one, _ in rig.running)}
    wanted = {record["selected"], record["previous"]}
    known |= {view.get("pid") for colour, view in colours.items() if colour in wanted}
    return {pid: line for pid, line in rig.ours().items() if pid not in known}


@dataclass
class Load:
    """The load generator in a process of its own. After `stop`, `result` is its account, `requests()` its record."""

    rig: Rig
    rate: float
    keep_alive: bool = True
    writes: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    name: str = "load"

    def __enter__(self) -> Load:
        place = self.rig.place
        self._record = place / f"{self.name}.jsonl"
        # Some last a while and cannot be sent twice, so that whenever anything moves or ends, there are some under way.
        mix: list[dict[str, Any]] = [{"path": "/", "weight": 45}, {"method": "POST", "path": "/slow?1.5", "weight": 1}]
        if self.writes:
            mix.append({"method": "POST", "path": "/orders", "body": "${id}", "weight": 12, "name": "write"})
        (place / f"{self.name}.json").write_text(json.dumps(mix))
        command = [sys.executable, "-m", "readiness_prove.load", f"http://127.0.0.1:{self.rig.port}/", "--json"]
        command += ["--rate", str(self.rate), "--seconds", "1800", "--timeout", "20", "--connect-timeout", "10"]
        command += ["--lag-bound", "1000", "--release-header", "X-Release", "--record", str(self._record)]
        command += ["--requests", str(place / f"{self.name}.json"), "--live", "0.2"]
        command += [] if self.keep_alive else ["--no-keep-alive"]
        self._said = (place / f"{self.name}.out").open("w+")
        self._process = subprocess.Popen(command, stdout=self._said, stderr=subprocess.STDOUT, cwd=place)
        until(lambda: self.live().get("answered"), why=lambda: self._text()[-500:])
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()
        self._said.close()

    def live(self) -> dict[str, Any]:
        lines = [line for line in self._text().splitlines() if line.startswith('{"live"') and line.endswith("}")]
        return dict(json.loads(lines[-1])["live"]) if lines else {}

    def _text(self) -> str:
        return Path(self._said.name).read_text()

    def stop(self) -> dict[str, Any]:
        """End the sending, wait for what is under way, and return the account."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(LONG)
        lines = self._text().splitlines()
        assert lines, "the load generator said nothing"
        assert not lines[-1].startswith('{"live"'), lines[-3:]
        self.result = json.loads(lines[-1])
        return self.result

    def requests(self) -> Iterator[dict[str, Any]]:
        """All requests, as they were recorded."""
        with self._record.open() as lines:
            yield from map(json.loads, lines)

    def sent(self) -> int:
        """How many left the generator."""
        return int(self.result["answered"] + self.result["lost"])


def unharmed(load: Load) -> None:
    """Each request that was sent was answered well; what was not sent was not due any more."""
    result = load.result
    assert result["lost"] == 0, (result["lost_kinds"], result["losses"][:5])
    assert set(result["not_sent_reasons"]) <= {"stopped"}, result["not_sent_reasons"]
    assert set(result["statuses"]) == {"200"}, result["statuses"]


def written_once(load: Load, database: Path) -> int:
    """Each write that was answered is in the database, once; returns how many."""
    said = {r["id"] for r in load.requests() if r["operation"] == "write" and r["status"] == 200}
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = [row[0] for row in connection.execute("SELECT body FROM written")]
    assert len(rows) == len(set(rows)), "a write was carried out twice"
    assert said <= set(rows), f"{len(said - set(rows))} writes were answered and are not there"
    return len(said)


def until(what: Callable[[], Any], within: float = LONG, why: Callable[[], Any] = lambda: "") -> Any:
    """What `what` returns, as soon as that is something."""
    deadline = time.monotonic() + within
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < deadline, f"not within {within:g} s: {why()}"
        time.sleep(0.02)
