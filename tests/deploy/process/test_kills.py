"""The command line is killed at its effects; something serves all the time, and at most one command finishes the job.

Each trial is judged alike: the right version serves, alone; the record is at rest; nothing lives on that nobody
accounts for; and a further `resume` writes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from process.campaign import Account, point
from process.campaigns import Campaign, carried_out, spread
from process.proof import figures, left, long
from process.rig import Rig, unharmed
from process.scenarios import SCENARIOS

LEAST = 3  # points of each scenario, where there is not time for all

# A death at each turn of a rollout: announced, a migration before its COMMIT, a candidate started, the route moved.
# What the keeper does is answered by then: a command that was only sent may be dropped with its sender.
TURNS = {
    "announced": "write after:1",
    "migrating": "shop ALTER:1",
    "started": "start after:1",
    "moved": "write after:2",
}


def test_a_deploy_killed_at_its_turns_is_finished_by_at_most_one_command(rig: Rig) -> None:
    scenario, account = SCENARIOS["upgrade"](), Account("a part of upgrade with a migration")
    for number, at in enumerate(TURNS.values()):
        assert point(rig, scenario, at, account, deploy=number == 0, wipe=number == 2), f"no effect is called {at}"
    assert account.by_guard + account.over == 1, "what has moved is finished by the guard"
    assert account.commands == 1
    figures("kills", account.scenario, account.figures(), account.tried, "pytest tests/deploy/process/test_kills.py")


def test_a_deploy_killed_before_it_heard_that_it_moved_is_finished_either_way(rig: Rig) -> None:
    """The keeper carried it out, and then the guard goes on; or it dropped it with its sender, and a command does."""
    account = Account("a part of upgrade with a migration: moving")
    assert point(rig, SCENARIOS["upgrade"](), "write sent:2", account, deploy=False), "it never moved"
    assert (account.by_guard + account.over, account.commands) in ((1, 0), (0, 1))
    assert account.commands == account.by_resume


def test_a_rollback_killed_when_it_has_moved_is_finished_by_the_guard(rig: Rig) -> None:
    account = Account("a part of manual rollback")
    assert point(rig, SCENARIOS["rollback"](), "write after:1", account, deploy=False)
    assert (account.by_guard + account.over, account.commands) == (1, 0)


@pytest.mark.parametrize(("count", "order"), [(1, [1]), (2, [1, 2]), (9, [1, 9, 5, 3, 7, 2, 4, 6, 8])])
def test_points_are_tried_in_an_order_that_leaves_no_wide_gap(count: int, order: list[int]) -> None:
    assert list(spread(count)) == order


@pytest.mark.parametrize("seconds", [1, 6, 100])
def test_campaigns_share_the_time_and_say_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seconds: int
) -> None:
    clock = iter(range(seconds, -1, -1))

    def died(rig: object, scenario: object, at: str, account: Account, **_: object) -> bool:
        if at:
            account.tried += 1
            account.survived += 1
        else:
            account.most.update({"a": 3, "b": 1})
        return bool(at)

    monkeypatch.setattr("process.campaigns.point", died)
    campaigns = [Campaign(name, tmp_path) for name in ("upgrade", "abort")]
    carried_out(campaigns, lambda: next(clock), lanes=1)
    figures = [one.figures() for one in campaigns]
    assert [one["points"] for one in figures] == {1: [0, 0], 6: [2, 2], 100: [4, 4]}[seconds]
    assert [one["each_kind_tried"] for one in figures] == [seconds > 1] * 2
    assert [one["every_point_tried"] for one in figures] == [seconds == 100] * 2


def test_a_campaign_tells_a_failure_and_goes_on_with_a_rig_that_is_new(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def died(rig: Rig, scenario: object, at: str, account: Account, **_: object) -> bool:
        account.tried += bool(at)
        account.most.update({} if at else {"a": 3})
        if at == "a:3":
            raise TimeoutError("it did not end")
        account.survived += bool(at)
        return bool(at)

    monkeypatch.setattr("process.campaigns.point", died)
    campaign = Campaign("upgrade", tmp_path)
    carried_out([campaign], lambda: 1.0)
    assert (campaign.account.tried, campaign.account.survived, campaign.rigs) == (3, 2, 2)
    assert campaign.failures == ["upgrade, killed at a:3: TimeoutError: it did not end"]


@long
def test_kills_under_load_lose_nothing(rig: Rig) -> None:
    """A deployer is not in the way of the requests: whenever it dies, none is lost."""
    scenario, account = SCENARIOS["upgrade"](), Account("under load: upgrade with a migration")
    scenario.ready(rig)
    with rig.load(150.0) as load:
        for number, at in enumerate((*TURNS.values(), "lock after:1", "write before:2", "write sent:2")):
            assert point(rig, scenario, at, account, deploy=bool(number % 2)), at
        load.stop()
    unharmed(load)
    found = {**account.figures(), "requests": load.sent(), "lost_or_cut": load.result["lost"], "rate": load.rate}
    command = "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_kills.py"
    figures("kills", account.scenario, found, account.tried, command)


@long
def test_a_command_killed_at_any_effect_is_finished_by_at_most_one_command(tmp_path: Path) -> None:
    """Of each scenario as many points as there is time for; the figures say how many, of how many. It is the last one
    here, since it takes the time that is left."""
    campaigns = [Campaign(name, tmp_path) for name in SCENARIOS]
    carried_out(campaigns, left)
    command = "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_kills.py"
    for one in campaigns:
        figures("kills", one.account.scenario, one.figures(), one.account.tried, command)
    failures = [failure for one in campaigns for failure in one.failures]
    assert not failures, "\n\n".join(failures)
    assert max(one.account.commands for one in campaigns) <= 1
    few = [f"{one.name}: {one.account.tried}" for one in campaigns if not one.over and one.account.tried < LEAST]
    if few:
        pytest.skip(f"the time was too short for {LEAST} points of each scenario: {', '.join(few)}")
