"""The command line: the one place that sees everything. Commands load when they are called."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point `readiness`. Exits with one of the codes in `readiness.cli.exits`."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from importlib.metadata import version

        sys.stdout.write(f"readiness {version('readiness')}\n")
        return
    from readiness.cli.program import run

    sys.exit(run(sys.argv[1:]))
