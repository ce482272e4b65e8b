"""No request is lost by rollouts and rollbacks under load, and a rollback takes effect at once."""

from __future__ import annotations

from pathlib import Path

from process.proof import figures, long
from process.rollouts import SEGMENT, Account, rollouts

RATE = 500.0
LEAST = 202_000
"""Requests of the whole, a little more than are promised."""


def test_three_deploys_and_three_rollbacks_lose_nothing(tmp_path: Path) -> None:
    account = Account()
    # Beside other tests a gate is slow to look, and a disk to take a switch: how fast it is, the long one promises.
    rollouts(tmp_path, 2, 100.0, keep_alive=True, account=account, bake=3.0)
    rollouts(tmp_path, 1, 100.0, keep_alive=False, account=account, bake=3.0)
    assert (account.deploys, account.manual + account.automatic) == (3, 3)
    assert max(account.last_after) <= 20.0, account.last_after
    # But once the route is back, a request that is sent goes there: a slow machine makes neither of the two instants
    # such that it would look otherwise.
    assert max(account.sent_after) <= 1.0, account.sent_after
    figures("rollouts", "a part of the rollouts", account.figures(), account.requests, "pytest tests/deploy/process")


@long
def test_a_hundred_deploys_and_a_hundred_rollbacks_lose_nothing(tmp_path: Path) -> None:
    account = Account()
    for keep_alive in (True, False, True, False):
        rollouts(tmp_path, SEGMENT, RATE, keep_alive=keep_alive, account=account, least=LEAST // 4)
    command = "pytest tests/deploy/process/test_rollouts.py"
    figures("rollouts", "100 deploys and 100 rollbacks", account.figures(), account.requests, command)
    assert (account.deploys, account.manual + account.automatic) == (100, 100)
    assert account.requests >= LEAST
    assert max(account.last_after) <= 1.0, sorted(account.last_after)[-5:]
