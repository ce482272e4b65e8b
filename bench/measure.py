"""Runs a program and says what it cost, as the kernel counted it."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LIMIT_SECONDS = 300.0
SAMPLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall and CPU time in seconds, memory in bytes.

    ``cpu`` is user and system time of the program and of the processes that it waited for. ``largest`` is the peak
    resident memory of the largest of them, not their sum; it is never below that of the measuring process, out of which
    the program was started. ``said`` is the end of standard error, or of output where that is empty.
    """

    wall: float
    cpu: float
    largest: int
    code: int
    output_bytes: int
    said: str


@dataclass(frozen=True, slots=True)
class Cost:
    """The medians of several runs. ``together`` is the highest sum over all processes that was seen, in bytes."""

    wall: float
    fastest: float
    cpu: float
    largest: int
    together: int
    last: Run


def once(command: Sequence[str], folder: Path) -> Run:
    """Run the command in the folder with its output in files. Raises ``OSError`` when it cannot be started.

    A program that takes longer than ``LIMIT_SECONDS`` is killed and shows the code -9.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        killer = threading.Timer(LIMIT_SECONDS, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)  # told to Popen, which else would wait for it again
        return Run(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            largest=usage.ru_maxrss * 1024,
            code=process.returncode,
            output_bytes=output.seek(0, os.SEEK_END),
            said=_end(errors) or _end(output),
        )


def several(command: Sequence[str], folder: Path, times: int) -> Cost:
    """One run that warms the caches and is watched for memory, then ``times`` runs that count."""
    together = _memory_of_all(command, folder)
    runs = [once(command, folder) for _ in range(times)]
    return Cost(
        wall=statistics.median(run.wall for run in runs),
        fastest=min(run.wall for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        largest=int(statistics.median(run.largest for run in runs)),
        together=max(together, int(statistics.median(run.largest for run in runs))),
        last=runs[-1],
    )


def _memory_of_all(command: Sequence[str], folder: Path) -> int:
    """The highest sum of the proportional memory of all processes of the command, looked at every 20 ms."""
    highest = 0
    with subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + LIMIT_SECONDS
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            highest = max(highest, sum(map(_proportional, _session(process.pid))))
            time.sleep(SAMPLE_SECONDS)
    return highest


def _session(leader: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
            except ProcessLookupError:
                continue  # it ended meanwhile
    return found


def _proportional(process: int) -> int:
    """Memory that pages shared with others are divided in, in bytes; 0 for a process that has just ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _environment() -> Mapping[str, str]:
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in left_out} | {"NO_COLOR": "1"}


def _end(stream: IO[bytes]) -> str:
    stream.seek(0)
    lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
