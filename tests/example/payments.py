"""A copy of the example service, and the program asked about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments"
# What a person's work leaves behind in the folder, and no clone has.
_LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "*.egg-info", "payments.db*", ".env")
# The verdict of one day: otherwise the supported versions and the ages of files would be other ones each year.
DAY = "2026-11-21T12:00:00+00:00"
PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Said:
    """What the program said about one environment: its exit code, and the run of its JSON report."""

    code: int
    run: Mapping[str, Any]

    def status(self, check: str) -> str:
        return next((o["status"] for o in self.run["outcomes"] if o["id"] == check), "not asked")

    @property
    def areas(self) -> dict[str, float | None]:
        return {area["name"]: area["value"] for area in self.run["areas"]}

    @property
    def open(self) -> list[tuple[str, str]]:
        """Check and message of every finding that counts."""
        return [(o["id"], f["message"]) for o in self.run["outcomes"] for f in o["findings"] if f["open"]]


def copy(target: Path) -> Path:
    """A copy of the example as a clone has it, but for the git history."""
    shutil.copytree(EXAMPLE, target, ignore=_LEFT_BEHIND)
    return target


def readiness(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`readiness check` in a folder, with nothing of our surroundings but PATH."""
    program = Path(sys.executable).with_name("readiness")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [program, "check", "--as-of", DAY, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def check(folder: Path, *arguments: str) -> Said:
    """The one run of a check, whatever its verdict. What ends without a report fails the test with its words."""
    done = readiness(folder, "--format", "json", *arguments)
    assert done.stdout, f"exit {done.returncode}: {done.stderr}"
    (run,) = json.loads(done.stdout)["runs"]
    return Said(done.returncode, run)
