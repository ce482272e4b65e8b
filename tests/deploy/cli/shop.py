"""A service to ship, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APP = Path(__file__).parents[1] / "app.py"
CLI = [sys.executable, "-c", "from readiness.cli import main; main()"]
LONG = 300.0  # the machine may be busy with other things
LASTING = 3600.0  # a bake that ends when the test says so
BRIEF = 0.3
HOME = "{name: home, http: {path: /}, interval: 0.5, timeout: 60}"
SETTINGS = """
service: shop
environments:
  local:
    profile: development
    bar: {{score: 0, covered: 0}}
    sources: {{repository: .}}
    deploy:
      state: {state}
      entry: {{listen: "127.0.0.1:{port}"}}
      release: {{source: versions}}
      run:
        command: [./serve]
        ready: {{path: /ready, interval: 0.1, failures: 40, timeout: 5, within: 600, min-ready: 0.1}}
        stop: {{drain: 1, grace: 1}}
        identity: {{header: X-Release}}
      gates:
        {when}: [{home}]
      bake: {{seconds: {bake}, identities: 2}}
{more}
"""


@dataclass
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def end(self) -> dict[str, Any]:
        """The last object of `--format json`."""
        return dict(json.loads(self.out.splitlines()[-1]))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shop:
    """The project, and its commands as real processes."""

    folder: Path
    port: int
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder.parent / "state"

    def settings(self, bake: float | None = None, more: str = "", **changes: str) -> None:
        """With `bake`, the gate watches that long. Without, it is asked before the switch and the bake is brief: a gate
        must have measured within its time, and a busy machine may need longer for that than a quick test has."""
        text = SETTINGS.format(
            state=self.state,
            port=self.port,
            when="before" if bake is None else "after",
            home=HOME,
            bake=BRIEF if bake is None else bake,
            more=more,
        )
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (self.folder / "readiness.yaml").write_text(text)

    def version(self, name: str, *arguments: str, **files: str) -> None:
        """A version of the service, started with these arguments of the sample app."""
        folder = self.folder / "versions" / name
        folder.mkdir(parents=True)
        words = " ".join(arguments)
        (folder / "serve").write_text(f"#!/bin/sh\n# {name}\nexec {sys.executable} {APP} {words}\n")
        (folder / "serve").chmod(0o755)
        for file, text in files.items():
            path = folder / file.replace("__", "/").replace("_sql", ".sql")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def begin(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """A command that runs beside the test."""
        environment = {k: v for k, v in os.environ.items() if k not in ("CI", "FORCE_COLOR")}
        made = subprocess.Popen(
            [*CLI, *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more},
        )
        self.running.append(made)
        return made

    def end(self, running: subprocess.Popen[str]) -> Done:
        out, err = running.communicate(timeout=LONG)
        return Done(running.returncode, out or "", err or "")

    def run(self, *words: str) -> Done:
        return self.end(self.begin(*words))

    def deploy(self, version: str, *more: str) -> Done:
        return self.run("deploy", "--version", version, "--yes", "--format", "json", *more)

    def status(self) -> dict[str, Any]:
        return self.run("status", "--format", "json").end

    def seen(self) -> dict[str, Any]:
        """What the keeper says, asked without a process."""
        from readiness_deploy.keeper.client import ask

        return ask(self.state, "observe", within=LONG)

    def until(self, what: Callable[[dict[str, Any]], Any]) -> Any:
        """Wait until the keeper says so; what `what` returned."""
        deadline = time.monotonic() + LONG
        while True:
            if self.state.exists():
                try:
                    if got := what(self.seen()):
                        return got
                except Exception:  # noqa: BLE001, S110 - there is no keeper yet
                    pass
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def until_phase(self, phase: str) -> None:
        self.until(lambda seen: seen["record"]["phase"] == phase)

    def until_alone(self) -> None:
        """Wait until the guard is gone: it outlives its run by what it writes into the history."""
        self.until(lambda seen: seen["keeper"]["guard_pid"] is None)

    def promote(self) -> None:
        """End the bake, without a process that would watch what comes of it."""
        from readiness_deploy.keeper.client import ask

        ask(self.state, "request", within=LONG, kind="promote", by="the test", reason="")

    def answers(self) -> str:
        """The release that one request through the entry came back with."""
        return self.asked(f"127.0.0.1:{self.port}", "GET", "/")

    def turn_unready(self, colour: str) -> None:
        """Have what runs there say that it is not ready any more, and wait until the keeper has seen it."""
        self.asked(self.seen()["colours"][colour]["address"].removeprefix("http://"), "POST", "/fail")
        self.until(lambda seen: seen["colours"][colour]["standing"] == "unready")

    @staticmethod
    def asked(where: str, method: str, path: str) -> str:
        """The release that answers one request."""
        import http.client

        connection = http.client.HTTPConnection(where, timeout=LONG)
        try:
            connection.request(method, path)
            return connection.getresponse().getheader("X-Release") or ""
        finally:
            connection.close()
