"""The load generator as a process of its own: `python -m readiness_prove.load http://127.0.0.1:8080/ --rate 500`."""

from __future__ import annotations

import gc
import sys

from readiness_prove.load.command import run

if __name__ == "__main__":
    # What is kept is kept to the end: looking for cycles every 700 objects would only make requests late.
    gc.set_threshold(100_000)
    sys.exit(run(sys.argv[1:]))
