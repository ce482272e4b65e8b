"""Runs one tier, within its time, and says how it went: a skipped test is no passed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from proof.cluster import NoCluster, brought
from proof.tiers import KEY, SECONDS, Tier, executable

GRACE = 30.0
"""Seconds in which a tier that is over its time can end what it has started."""
MARGIN = 40.0
"""Seconds before the end of its budget at which a tier's campaigns begin no further trial."""
TEMPORARY = "tmp"
"""Where a tier's tests have their folders, beside its figures: what runs there is the tier's own."""
LEAVING = 5.0
"""Seconds in which processes of a tier that has ended may still be there."""


class Outcome(StrEnum):
    """How a tier went."""

    PASSED = "passed"
    PARTLY = "passed in part"
    FAILED = "FAILED"
    NOT_RUN = "NOT RUN"


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its function, and `passed`, `failed` or `skipped` with the reason."""

    function: str
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a tier. `why` is empty where it passed; `wrote` are its files of figures."""

    tier: Tier
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0
    cases: tuple[Case, ...] = ()
    wrote: tuple[Path, ...] = ()

    def count(self, result: str, function: str = "") -> int:
        """How many tests had that result: all, or those of one function or one file (named without `.py`)."""
        return sum(c.result == result for c in self.cases if not function or function in c.function.split("/"))


def run(
    tier: Tier, root: Path, folder: Path, say: Callable[[str], None] = print, stop: threading.Event | None = None
) -> Ran:
    """Run a tier in the repository `root`, its figures and its log in `folder`, which is its own as long as it runs.

    `stop` ends it before its time.
    """
    if not (root / tier.place).exists():
        return Ran(tier, Outcome.NOT_RUN, f"there is no {tier.place}")
    folder.mkdir(parents=True, exist_ok=True)
    before, began = _figures(folder), time.monotonic()
    try:
        with brought(wanted=tier.cluster) as more:
            code = _carried_out(tier, root, folder, say, stop or threading.Event(), more)
    except NoCluster as fault:
        return Ran(tier, Outcome.FAILED, str(fault), time.monotonic() - began)
    seconds = time.monotonic() - began
    cases = tuple(_cases(folder / f"{tier.name}.xml")) if tier.is_tests else ()
    wrote = tuple(sorted(path for path, at in _figures(folder).items() if before.get(path) != at))
    outcome, why = _judged(tier, folder, code, cases, wrote)
    if left := _left_behind(folder):
        outcome, why = Outcome.FAILED, f"{why}; processes left behind: {', '.join(left)}".removeprefix("; ")
    shutil.rmtree(folder / TEMPORARY, ignore_errors=True)
    return Ran(tier, outcome, why, seconds, cases, wrote)


def _figures(folder: Path) -> dict[Path, int]:
    """The files of figures that are there, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}


def _carried_out(
    tier: Tier, root: Path, folder: Path, say: Callable[[str], None], stop: threading.Event, more: Mapping[str, str]
) -> int | None:
    """The exit code, or None where the time was over."""
    usable = max(tier.budget - MARGIN, tier.budget / 2)
    made = folder / TEMPORARY
    made.mkdir(exist_ok=True)
    own = {KEY: str(folder), SECONDS: f"{usable:g}", "PYTEST_DEBUG_TEMPROOT": str(made)}
    environment = {**os.environ, **own, **more, **tier.environment}
    deadline = time.monotonic() + tier.budget
    with (folder / f"{tier.name}.log").open("wb") as log:
        process = subprocess.Popen(
            executable(tier, str(folder)),
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while time.monotonic() < deadline and not stop.is_set():
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(0.2)
            say(f"{tier.name}: {'stopped' if stop.is_set() else f'its {tier.budget:g} s are over'}")
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """First as Ctrl-C does, so that a test ends what it has started."""
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _cases(path: Path) -> Iterator[Case]:
    if not path.is_file():
        return
    for case in ElementTree.parse(path).getroot().iter("testcase"):  # noqa: S314 (pytest wrote it a moment ago)
        function = f"{case.get('classname', '').rpartition('.')[2]}/{case.get('name', '').partition('[')[0]}"
        found = [child for child in case if child.tag in ("failure", "error", "skipped")]
        if not found:
            yield Case(function, "passed")
            continue
        result = "skipped" if all(child.tag == "skipped" for child in found) else "failed"
        yield Case(function, result, found[0].get("message", "").strip().partition("\n")[0])


def _judged(
    tier: Tier, folder: Path, code: int | None, cases: tuple[Case, ...], wrote: tuple[Path, ...]
) -> tuple[Outcome, str]:
    failed = [case for case in cases if case.result == "failed"]
    skipped = Counter(case.why for case in cases if case.result == "skipped")
    if code is None:
        return Outcome.FAILED, f"not done within its {tier.budget:g} s"
    if code or failed:
        named = "; ".join(f"{case.function}: {case.why}" for case in failed[:3])
        return (
            Outcome.FAILED,
            f"{len(failed)} tests failed: {named}" if failed else f"exit code {code}: {_last(folder, tier)}",
        )
    if tier.is_tests and len(cases) == sum(skipped.values()):
        return Outcome.NOT_RUN, _reasons(skipped) or "no test was found"
    owed = [pattern for pattern in tier.owes if not any(path.match(pattern) for path in wrote)]
    if owed and not skipped:
        return Outcome.FAILED, f"it left no figures called {', '.join(owed)}"
    if skipped:
        return Outcome.PARTLY, f"{_reasons(skipped)}{'; no figures called ' + ', '.join(owed) if owed else ''}"
    return Outcome.PASSED, ""


def _reasons(skipped: Counter[str]) -> str:
    return "; ".join(f"{count} skipped: {why or 'no reason given'}" for why, count in sorted(skipped.items()))


def _last(folder: Path, tier: Tier) -> str:
    lines = (folder / f"{tier.name}.log").read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _left_behind(folder: Path) -> list[str]:
    """What of this tier still runs when it has ended; it is ended here."""
    deadline = time.monotonic() + LEAVING
    while (found := list(_marked(folder))) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid, _ in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return [f"{name} ({pid})" for pid, name in found]


def _marked(folder: Path) -> Iterator[tuple[int, str]]:
    """The processes that carry the mark of this run in their environment: what the tier started, and services that a
    keeper of it started, which get no variable but their own and the keeper's."""
    mark, keepers = f"{KEY}={folder}".encode(), f"READINESS_KEEPER={folder / TEMPORARY}/".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0")
            if any(one == mark or one.startswith(keepers) for one in variables):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if words:  # a zombie has none
                    yield int(entry.name), words[:80]
