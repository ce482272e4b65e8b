"""The command line: the one place that sees everything. Commands load when they are called."""

from __future__ import annotations

import gc
import sys

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """The entry point `readiness`. Exits with one of the codes in `readiness.cli.exits`."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from importlib.metadata import version

        sys.stdout.write(f"readiness {version('readiness')}\n")
        return
    # A run is short and keeps nearly all it makes: looking for cycles every 700 objects costs a sixth of it.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from readiness.cli.program import run

    sys.exit(run(sys.argv[1:]))
