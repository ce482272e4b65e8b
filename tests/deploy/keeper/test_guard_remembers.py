"""What the guard writes into the history: the words of the command that began the run, since either may be last."""

from __future__ import annotations

from pathlib import Path

import pytest
from readiness_deploy.bluegreen import End
from readiness_deploy.guard import remember
from readiness_deploy.states import Goal, State

from readiness.history import Journal, Run, runs


@pytest.mark.parametrize(
    ("goal", "end", "outcome", "code"),
    [
        (Goal.DEPLOY, End(State.DONE, run="r"), "deployed", 0),
        (Goal.DEPLOY, End(State.ROLLED_BACK, run="r"), "rolled back", 5),
        (Goal.DEPLOY, End(State.ROLLED_BACK, run="r", by_request=True), "rolled back", 5),
        (Goal.ROLLBACK, End(State.ROLLED_BACK, run="r", by_request=True), "rolled back as asked", 0),
        (Goal.ROLLBACK, End(State.DONE, run="r"), "rolled back as asked", 0),
        (Goal.ROLLBACK, End(State.ROLLED_BACK, run="r"), "rolled back", 5),
        (Goal.DEPLOY, End(State.HELD, run="r"), "held", 6),
    ],
)
def test_the_history_says_how_the_run_ended(tmp_path: Path, goal: Goal, end: End, outcome: str, code: int) -> None:
    began = Journal(tmp_path / "history.db", "r")
    began.begin(Run(run="r", service="shop", environment="local", release="v2-1", version="v2", goal=goal.value))
    began.close()
    told = remember(tmp_path, end, goal)
    assert told is not None
    told.close()
    (one,) = runs(tmp_path / "history.db", 10)
    assert (one.outcome, one.exit) == (outcome, code)
