"""`python -m readiness_deploy.keeper hold FOLDER`: what `readiness keeper start` and a supervisor run."""

from __future__ import annotations

import sys

from readiness.config.surroundings import variables
from readiness_deploy.keeper.running import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], variables()))
