"""A service to ship, with a keeper that is ended when the test is over."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.shop import Shop
from readiness_deploy.keeper.start import stop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    # Kept bound, and never listening: the keeper may listen there, and nobody else is given this port meanwhile.
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    made = Shop(tmp_path / "shop", reserved.getsockname()[1])
    made.folder.mkdir()
    (made.folder / "README.md").write_text("# Shop\n")
    made.settings()
    made.version("v1")
    made.version("v2")
    try:
        yield made
    finally:
        for one in made.running:
            if one.poll() is None:
                one.send_signal(signal.SIGKILL)
                one.wait()
            for stream in (one.stdout, one.stderr):
                if stream is not None:
                    stream.close()
        if made.state.exists():
            stop(made.state)
        reserved.close()
