"""A rig for each test, of which nothing is left when it is over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from process.rig import Rig


@pytest.fixture(scope="session", autouse=True)
def hearing() -> Iterator[None]:
    """What is started here hears SIGHUP, even where the tests themselves run under nohup: a signal with a handler has
    its default again in a new program, one that is ignored stays so."""
    deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    if deaf:
        signal.signal(signal.SIGHUP, lambda number, frame: None)
    yield
    if deaf:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "rig")
    try:
        yield made
    finally:
        made.close()
