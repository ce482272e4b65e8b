"""Whether everything is tried, and where the figures go."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

DIRECTORY = os.environ.get("READINESS_PROOF_DIR", "")
FULL = bool(DIRECTORY)

long = pytest.mark.skipif(
    not FULL, reason="a long trial with real processes: set READINESS_PROOF_DIR to a folder for its figures to run it"
)


def figures(name: str, what: str, found: dict[str, Any], n: int, command: str) -> None:
    """Print a figure, and keep it with those of its file where there is a folder for proofs."""
    line = {"figure": what, "n": n, "command": command, **found}
    print(f"{what}: {json.dumps(found)}")
    if not FULL:
        return
    folder = Path(DIRECTORY)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    old = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps([*(one for one in old if one["figure"] != what), line], indent=2) + "\n")
