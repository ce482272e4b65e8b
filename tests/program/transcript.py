"""Reads a whole-program test: files, commands, and what each command should say.

    What is shown here, in a sentence or two.

    -- file deploy/web.yaml --
    kind: Deployment
    -- run --
    $ readiness check deploy
    > shop · manifests: NOT READY
    > [...]
    ! a line of standard error
    exit 1

Each `$` line goes to bash, in a folder `shop` that holds the files and nothing else. `>` lines are standard output and
`!` lines standard error, all of them: what is not written here must not be said. `[..]` stands for any text within a
line, `[...]` alone for any number of lines. `exit` is 0 where it is not written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_FILE = re.compile(r"-- file (\S+) --\Z")
_RUN = "-- run --"


@dataclass(slots=True)
class Command:
    """One command and what should come of it."""

    line: int
    text: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


@dataclass(slots=True)
class Transcript:
    """The files by name, and the commands in order."""

    files: dict[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)


class TranscriptError(Exception):
    """The text is no transcript: a line that could be taken for something else would be a test that checks nothing."""


def read(path: Path) -> Transcript:
    """The transcript in a file. Raises TranscriptError, with the line, for anything that is not of the form."""
    made = Transcript()
    part: list[str] | None = None
    running = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if running:
            _said(made, number, line, path)
        elif line == _RUN:
            running = True
        elif match := _FILE.match(line):
            part = []
            made.files[match[1]] = ""
        elif line.startswith("-- "):
            raise TranscriptError(f"{path}:{number}: wanted `-- file NAME --` or `{_RUN}`, found {line!r}")
        elif part is not None:
            part.append(line)
            made.files[list(made.files)[-1]] = "\n".join(part) + "\n"
    if not made.commands:
        raise TranscriptError(f"{path}: runs nothing")
    return made


def _said(made: Transcript, number: int, line: str, path: Path) -> None:
    mark, rest = line[:1], line[2:]
    if mark == "$":
        made.commands.append(Command(number, rest))
    elif mark in (">", "!") and made.commands:
        (made.commands[-1].out if mark == ">" else made.commands[-1].err).append(rest)
    elif line.startswith("exit ") and made.commands:
        made.commands[-1].code = int(line.removeprefix("exit "))
    elif line and not line.startswith("# "):
        raise TranscriptError(f"{path}:{number}: wanted `$`, `>`, `!`, `exit` or `#`, found {line!r}")


def agrees(said: str, wanted: list[str]) -> bool:
    """Whether a stream says what is wanted, all of it."""
    pattern = "".join(
        r"(?:[^\n]*\n)*" if line == "[...]" else r"[^\n]*".join(re.escape(p) for p in line.split("[..]")) + r"\n"
        for line in wanted
    )
    return re.fullmatch(pattern, said if said.endswith("\n") or not said else said + "\n") is not None
