"""Commands whose client gave up, and keepers that are asked while they begin or end."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any

import pytest
from readiness_deploy.keeper.client import Unreachable, ask
from readiness_deploy.keeper.folder import short_address

from keeper.rig import LONG


def test_a_command_whose_client_gave_up_is_not_carried_out_later(serving: Any) -> None:
    worker, generation = serving.about()["worker_pid"], serving.record().generation
    said = []
    os.kill(worker, signal.SIGSTOP)
    try:
        for do, more in (("shutdown", {}), ("freeze", {"reason": "no", "owner": "nobody"})):
            with pytest.raises(Unreachable) as fault:
                ask(serving.state, do, within=0.1, **more)
            said.append(str(fault.value))
    finally:
        os.kill(worker, signal.SIGCONT)
    for _ in range(2):  # the first answer may come before the turn of what was asked earlier
        assert serving.about()["worker_pid"] == worker
    assert serving.record().generation == generation
    assert '"worker leaves"' not in serving.journal()
    assert all("whether it was carried out is not known" in one for one in said)


def test_a_client_that_will_say_no_more_is_answered_nevertheless(serving: Any) -> None:
    folder = os.open(serving.state, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(LONG)
            line.connect(short_address(serving.state / "control.sock", folder))
            line.sendall(b'{"id": 1, "do": "freeze", "reason": "no", "owner": "nobody"}\n')
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1000) == b'{"id":1,"ok":{}}\n'
    finally:
        os.close(folder)
