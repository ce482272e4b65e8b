"""Whether everything is tried, for how long at most, and where the figures go."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from simulator.proof import DIRECTORY, FULL, SAMPLED

T = TypeVar("T")
_BEGAN = time.monotonic()
_SECONDS = os.environ.get("READINESS_PROOF_SECONDS", "")

long = pytest.mark.skipif(
    not FULL, reason="a long trial with real processes: set READINESS_PROOF_DIR to a folder for its figures to run it"
)


def alike(all_: Sequence[T], some: Sequence[T]) -> Sequence[T]:
    """All of these trials, or those that stand for the others where there is not time for all."""
    return some if SAMPLED else all_


def left() -> float:
    """Seconds until a campaign has to come to its end: without READINESS_PROOF_SECONDS, it may take what it needs."""
    return float(_SECONDS) - (time.monotonic() - _BEGAN) if _SECONDS else float("inf")


def figures(name: str, what: str, found: dict[str, Any], n: int, command: str) -> None:
    """Print a figure, and keep it where there is a folder for proofs: in a file of its own, `<name>-<what>.json`, since
    tests run side by side."""
    line = {"figure": what, "n": n, "command": command, **found}
    print(f"{what}: {json.dumps(found)}")
    if not FULL:
        return
    folder = Path(DIRECTORY)
    folder.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")
    (folder / f"{name}-{slug}.json").write_text(json.dumps(line, indent=2) + "\n")
