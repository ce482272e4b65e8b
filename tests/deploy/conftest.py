"""What every test of the deployer needs of the process that it runs in."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

_IGNORED_BY_SHELLS = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@pytest.fixture(scope="session", autouse=True)
def hearing() -> Iterator[None]:
    """What is started here hears signals, even where the tests themselves run under nohup or behind `&`: a signal with
    a handler has its default again in a new program, one that is ignored stays so."""
    deaf = [number for number in _IGNORED_BY_SHELLS if signal.getsignal(number) is signal.SIG_IGN]
    for number in deaf:
        signal.signal(number, lambda number, frame: None)
    yield
    for number in deaf:
        signal.signal(number, signal.SIG_IGN)
