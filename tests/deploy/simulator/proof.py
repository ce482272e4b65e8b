"""Figures for the table of proofs: written where READINESS_PROOF_DIR says, nowhere else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
DIRECTORY = os.environ.get("READINESS_PROOF_DIR", "")
FULL = bool(DIRECTORY)
"""Whether everything is tried that can be; otherwise a part of it that says its size."""
AMPLE = 900.0
_SECONDS = os.environ.get("READINESS_PROOF_SECONDS", "")
SAMPLED = FULL and bool(_SECONDS) and float(_SECONDS) < AMPLE
"""Whether less time than that was given: then the longest campaigns try a part of their scenarios, and say so."""


def sample(all_: Sequence[T], part: int) -> Sequence[T]:
    """All, or every so many of them where there is not time for all."""
    return all_[::part] if SAMPLED else all_


@contextmanager
def figures(name: str) -> Iterator[dict[str, int | float]]:
    """Counts that a campaign fills in; they are printed, and kept as `<name>.json` in the proof's folder."""
    counts: dict[str, int | float] = {}
    began = time.monotonic()
    yield counts
    counts["seconds"] = round(time.monotonic() - began, 1)
    said = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in counts.items())
    print(f"simulator, {'all of' if FULL else 'a part of'} {name}: {said}")
    if FULL:
        folder = Path(DIRECTORY)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"simulator-{name}.json").write_text(json.dumps({"name": name, **counts}, indent=2) + "\n")
