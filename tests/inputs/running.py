"""Runs the program on a folder: within this process for its answer, in one of its own for what it costs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.cli.program import run

PROGRAM = str(Path(sys.executable).parent / "readiness")
AS_OF = "2026-11-21T12:00:00+00:00"
_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Said:
    """What a run answered: `out` is the terminal report with every finding, `report` the JSON one (empty if none)."""

    code: int
    out: str
    err: str
    report: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The terminal report without its line breaks."""
        return " ".join(self.out.split())

    def entries(self, kind: str) -> Iterator[Mapping[str, Any]]:
        for one in self.report["runs"]:
            yield from one[kind]

    def findings(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Check and finding, also those that a gap leaves unproven."""
        for outcome in self.entries("outcomes"):
            for finding in (*outcome["findings"], *outcome["unproven"]):
                yield outcome["id"], finding

    def faulty_checks(self) -> list[str]:
        """Checks that did not do their work."""
        return [o["id"] for o in self.entries("outcomes") if o["reason"].startswith("the check itself failed")]


def check(folder: Path, *arguments: str, stdin: bytes = b"") -> Said:
    """`readiness check` in `folder`, with a report for people and one for programs."""
    report = folder.parent / _REPORT
    report.unlink(missing_ok=True)
    line = ["check", *arguments, "--verbose", "--as-of", AS_OF, "--output", f"json={report}"]
    code, out, err = call(folder, line, stdin)
    # A bare NaN is no JSON, whatever Python thinks of it.
    strict = json.JSONDecoder(parse_constant=_no_constant)
    return Said(code, out, err, strict.decode(report.read_text("utf-8")) if report.exists() else {})


def call(folder: Path, line: Sequence[str], stdin: bytes = b"") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command line, run in this process."""
    out, err, old = _stream(), _stream(), sys.stdin
    sys.stdin = _stream(stdin)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(list(line))
    finally:
        sys.stdin = old
    return code, _text(out), _text(err)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _stream(data: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


@dataclass(frozen=True, slots=True)
class Cost:
    """A run in a process of its own: processor seconds and the largest resident size of any process, in MiB."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    mib: float


def measured(folder: Path, line: Sequence[str], most_seconds: int = 60) -> Cost:
    """Run the program with a hard limit on processor time, and say what it took. What waits for ever is killed."""
    with (folder.parent / "out").open("w+b") as out, (folder.parent / "err").open("w+b") as err:
        process = subprocess.Popen(
            [PROGRAM, *line],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds)),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said, told = out.read(), err.read()
    return Cost(process.returncode, said, told, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
