"""The process environment, read in one place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

_WIDEST = 400  # a report is prose: wider lines help nobody, and COLUMNS may hold any number


def variables() -> Mapping[str, str]:
    """The variables that settings may ask for."""
    return os.environ


def colour(stream: TextIO) -> bool:
    """Whether to write colours: on a terminal that has them, unless NO_COLOR says otherwise (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width(stream: TextIO) -> int:
    """Columns of the terminal; 100 where there is none. COLUMNS wins."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return min(int(columns[:6]), _WIDEST)
    return shutil.get_terminal_size((100, 24)).columns if stream.isatty() else 100


def live(stream: TextIO) -> bool:
    """Whether somebody watches this stream who sees it redrawn: a terminal that can, and no pipeline's imitation."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb") and not os.environ.get("CI")


def state_home() -> Path:
    """Where programs keep what lasts (XDG Base Directory Specification, by which a relative path does not count)."""
    said = os.environ.get("XDG_STATE_HOME", "")
    return Path(said) if said.startswith("/") else Path.home() / ".local" / "state"
