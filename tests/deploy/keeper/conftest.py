"""Keepers for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keeper.rig import Rig, release


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Rig]:
    """A state folder whose keeper is not started yet."""
    rig = Rig(tmp_path.resolve() / "state")
    yield rig
    rig.clean_up()


@pytest.fixture
def rig(idle: Rig) -> Rig:
    """A keeper that runs, with nothing selected."""
    idle.start()
    return idle


@pytest.fixture
def serving(rig: Rig) -> Rig:
    """A keeper whose blue colour serves release v1; nobody holds the lock."""
    keeper = rig.deployer()
    rig.serve(keeper, "blue", release("v1"))
    keeper.unlock()
    keeper.close()
    return rig
