"""Whose folder it is: what lies in a state folder is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from readiness_deploy.keeper.folder import Folder
from readiness_deploy.ownership import refuse_strangers


def test_the_folder_of_somebody_else_is_refused_with_what_to_do(tmp_path: Path):
    folder = Path("/")
    if os.geteuid() == 0:
        folder = tmp_path / "state"
        folder.mkdir()
        os.chown(folder, 65534, -1)
    with pytest.raises(PermissionError, match=r"belongs to \S+, this process to \S+: run it as .* `deploy.state`"):
        Folder(folder).make()
    assert not (folder / "log").exists()


def test_ones_own_folder_and_a_missing_one_are_fine(tmp_path: Path):
    refuse_strangers(tmp_path)
    refuse_strangers(tmp_path / "missing")
