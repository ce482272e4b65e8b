"""The command line is killed at its effects; something serves all the time, and at most one command finishes the job.

Each trial is judged alike: the right version serves, alone; the record is at rest; nothing lives on that nobody
accounts for; and a further `resume` writes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from process.campaign import Account, campaign, point
from process.proof import figures, long
from process.rig import Rig, unharmed
from process.scenarios import SCENARIOS

# A death at each turn of a rollout: announced, a migration before its COMMIT, a candidate started, the route moved.
TURNS = {"announced": "write sent:1", "migrating": "shop ALTER:1", "started": "start after:1", "moved": "write sent:2"}


def test_a_deploy_killed_at_its_turns_is_finished_by_at_most_one_command(rig: Rig) -> None:
    scenario, account = SCENARIOS["upgrade"](), Account("a part of upgrade with a migration")
    for number, at in enumerate(TURNS.values()):
        assert point(rig, scenario, at, account, deploy=number == 0, wipe=number == 2), f"no effect is called {at}"
    assert account.by_guard == 1, "what has moved is finished by the guard"
    assert account.commands == 1
    figures("kills", account.scenario, account.figures(), account.tried, "pytest tests/deploy/process/test_kills.py")


def test_a_rollback_killed_when_it_has_moved_is_finished_by_the_guard(rig: Rig) -> None:
    account = Account("a part of manual rollback")
    assert point(rig, SCENARIOS["rollback"](), "write sent:1", account, deploy=False)
    assert (account.by_guard + account.over, account.commands) == (1, 0)


@long
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_command_killed_at_any_effect_is_finished_by_at_most_one_command(name: str, tmp_path: Path) -> None:
    account = campaign(tmp_path, name)
    command = "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_kills.py"
    figures("kills", account.scenario, account.figures(), account.tried, command)
    assert account.tried > len(account.most) / 2, account.most
    assert account.survived == account.tried
    assert account.commands <= 1


@long
def test_kills_under_load_lose_nothing(rig: Rig) -> None:
    """A deployer is not in the way of the requests: whenever it dies, none is lost."""
    scenario, account = SCENARIOS["upgrade"](), Account("under load: upgrade with a migration")
    scenario.ready(rig)
    with rig.load(150.0) as load:
        for number, at in enumerate((*TURNS.values(), "lock after:1", "write before:2", "write after:2")):
            assert point(rig, scenario, at, account, deploy=bool(number % 2)), at
        load.stop()
    unharmed(load)
    found = {**account.figures(), "requests": load.sent(), "lost_or_cut": load.result["lost"], "rate": load.rate}
    command = "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_kills.py"
    figures("kills", account.scenario, found, account.tried, command)
