"""The commands that make a version fit to run: bounded, without a shell, and never twice at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from readiness.sources import programs
from readiness_deploy.marks import carrying

MARKER = "READINESS_PREPARING"
"""The variable by which processes that a killed deployer left behind are known."""
_MEMORY = 16 << 30  # a build is no hostile input: its bound is there for accidents
_OUTPUT = 16 << 20
_LINES = 20
_PASSED_ON = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
    | {"http_proxy", "https_proxy", "no_proxy"}
)


class Unprepared(Exception):
    """A command failed. The text says which one and how, with the end of what it said, and holds no secret."""


def prepare(
    commands: Sequence[Sequence[str]],
    tree: Path,
    *,
    seconds: float,
    declared: Mapping[str, str],
    surroundings: Mapping[str, str],
    redact: Callable[[str], str],
    note: Callable[..., None],
) -> None:
    """Run the commands in `tree`, one after another, `seconds` for all together. Raises Unprepared.

    They get the `declared` variables and a few of the `surroundings`: where programs, caches, certificates and proxies
    are. Secrets of the service are not among them.
    """
    around = {n: v for n, v in surroundings.items() if n in _PASSED_ON} | dict(declared)
    around |= {MARKER: str(tree)}
    deadline = time.monotonic() + seconds
    for command in commands:
        note("preparing", command=redact(" ".join(command)))
        ran = _run(command, tree, around, max(0.1, deadline - time.monotonic()))
        if not ran.ok:
            how = ran.fault or f"it ended with {ran.exit_code}"
            if time.monotonic() >= deadline:
                how = f"all commands together took longer than {seconds:g} s (`deploy.release.prepare-timeout`)"
            shown = f"`{redact(' '.join(command))}` in `deploy.release.prepare`"
            raise Unprepared(f"{shown} failed: {how}{_end(ran, redact)}")


def _run(command: Sequence[str], tree: Path, around: Mapping[str, str], seconds: float) -> programs.Ran:
    name = command[0]
    program = str(tree / name) if "/" in name else programs.find(name, path=around.get("PATH"))
    if program is None:
        return programs.Ran(None, fault=f"there is no program {name} on PATH")
    bounds = programs.Bounds(seconds=seconds, memory=_MEMORY, output=_OUTPUT)
    return programs.run(program, command[1:], cwd=tree, environment=around, bounds=bounds, isolated=False)


def _end(ran: programs.Ran, redact: Callable[[str], str]) -> str:
    said = programs.words(redact((ran.out + b"\n" + ran.err).decode("utf-8", "replace")).encode(), most=_OUTPUT)
    lines = said.splitlines()[-_LINES:]
    return ". It said:\n" + "\n".join(f"  {line[:500]}" for line in lines) if lines else ", and said nothing"


def end_left_behind(tree: Path, within: float = 5.0) -> int:
    """End what commands of a deployer that was killed still run in this tree, and say how many there were.

    Raises Unprepared where one does not end. Elsewhere than on Linux nothing is found.
    """
    found = _marked(tree)
    left, deadline = found, time.monotonic() + within
    while left:
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                raise Unprepared(f"process {process} of another user still works in {tree}") from None
        if time.monotonic() > deadline:
            raise Unprepared(f"process {min(left)} of an earlier run still works in {tree} and does not end")
        time.sleep(0.01)
        left = _marked(tree)
        found = found | left
    return len(found)


def _marked(tree: Path) -> set[int]:
    return {pid for pid, _ in carrying(MARKER, str(tree))} - {os.getpid()}
