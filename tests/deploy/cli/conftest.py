"""A service to ship, with a keeper that is ended when the test is over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.shop import Shop
from ports import reserved
from readiness_deploy.keeper.start import stop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    port = reserved()
    made = Shop(tmp_path / "shop", port.getsockname()[1])
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
        port.close()
