"""A rig for each test, of which nothing is left when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from process.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "rig")
    try:
        yield made
    finally:
        made.close()
