"""Commands: the project's own tools (tests, linter, build …), run only where the caller allows it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.facts.tools import Command, Commands
from readiness.model import Input, Reading, Supply
from readiness.sources.programs import Bounds, Ran, find, run, words
from readiness.sources.redaction import redacted

PROVIDES: frozenset[type] = frozenset({Commands})
_OUTPUT = 16 << 20
_MEMORY = 16 << 30  # a build is no hostile input: its bound is there for accidents
_TAIL = 2000  # characters


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command that the settings name. `about` is what it proves: build, test, lint, format, types or audit."""

    about: str
    argv: tuple[str, ...]
    timeout: float


def read(
    wanted: Sequence[Wanted],
    root: Path,
    *,
    allowed: bool,
    progress: Callable[[str], None] = lambda _about: None,
) -> Supply:
    """Run each command in `root`, without a shell, and say how it ended.

    Without `allowed` nothing runs and nothing is provided: the checks that need it are skipped, and a note says why. A
    command that cannot be started or does not end is a fact with a fault, which its check judges; it hides nothing of
    the others.
    """
    if not allowed:
        names = ", ".join(w.about for w in wanted)
        note = f"the settings name commands ({names}); they were not run: --run-commands allows it"
        return Supply("commands", frozenset(), notes=(note,))
    made, inputs = [], []
    for one in wanted:
        progress(one.about)
        command = _run(one, root)
        made.append(command)
        reading = Reading.NOT_EXAMINED if command.fault else Reading.CHECKED
        inputs.append(Input(f"command {one.about}", reading, command.fault))
    return Supply("commands", PROVIDES, {Commands: Commands(tuple(made))}, inputs=tuple(inputs))


def _run(one: Wanted, root: Path) -> Command:
    program = _program(one.argv[0], root)
    if program is None:
        return Command(one.about, one.argv, None, fault=f"there is no program {one.argv[0]} on PATH or in {root}")
    started = time.monotonic()
    surroundings = dict(os.environ)  # the caller allowed the command, so it gets what the caller has
    bounds = Bounds(seconds=one.timeout, memory=_MEMORY, output=_OUTPUT)
    ran = run(program, one.argv[1:], cwd=root, environment=surroundings, bounds=bounds, isolated=False)
    seconds = time.monotonic() - started
    return Command(one.about, one.argv, ran.exit_code, seconds, _tail(ran, surroundings), ran.fault)


def _program(name: str, root: Path) -> str | None:
    if "/" not in name:
        return find(name)
    path = (root / name).absolute()
    return str(path) if path.is_file() and os.access(path, os.X_OK) else None


def _tail(ran: Ran, surroundings: Mapping[str, str]) -> str:
    """The end of what it said, without secrets."""
    return redacted(words(ran.out + b"\n" + ran.err, most=_OUTPUT), surroundings)[-_TAIL:]
