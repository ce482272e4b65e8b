"""What the guard writes into the history: the words of the command that began the run, since either may be last."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from readiness_deploy import guard
from readiness_deploy.bluegreen import End
from readiness_deploy.guard import remember
from readiness_deploy.record import Intent, Record, Release
from readiness_deploy.states import Goal, Phase, State

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
    remember(tmp_path, end, goal)
    (one,) = runs(tmp_path / "history.db", 10)
    assert (one.outcome, one.exit) == (outcome, code)


def test_the_end_is_in_the_history_before_anybody_else_can_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may decide what was held as soon as the lock is free. The decision is the last word."""
    began = Journal(tmp_path / "history.db", "r")
    began.begin(Run(run="r", service="shop", environment="local", release="v2-1", version="v2", goal="deploy"))
    began.close()
    intent = Intent(run="r", goal=Goal.DEPLOY, release=Release(id="v2-1", version="v2"), colour="green")
    found: list[str] = []
    keeper = mock.Mock()
    keeper.observe.return_value.record = Record(phase=Phase.BAKING, intent=intent)
    keeper.unlock.side_effect = lambda: found.extend(one.outcome for one in runs(tmp_path / "history.db", 10))
    for name, given in {
        "Keeper": lambda _: keeper,
        "KeeperJournal": mock.Mock(),
        "Signals": mock.Mock(),
        "_world": mock.Mock(),
        "walk": lambda *_: End(State.HELD, run="r"),
        "heir": mock.Mock(),
    }.items():
        monkeypatch.setattr(guard, name, given)
    assert guard.main(tmp_path, {}) == 0
    assert found == ["held"]
