"""What happens after the commit point is told by the guard, once, whoever else lives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness_deploy.bluegreen import carry_out
from readiness_deploy.notify import carried
from readiness_deploy.states import Phase, State

from keeper.rig import Rig, release, until
from keeper.runs import LASTING, intent, world
from readiness.config.deploy import Notification

EVENTS = ["baking", "committed"]


def detached(rig: Rig, folder: Path, notify: dict[str, Any], told: Callable[[], Any] = lambda: True) -> None:
    """A deploy whose process goes right after the switch. Its bake ends when its beginning was told, since the end of a
    run waits only so long for what is under way."""
    keeper, v2 = rig.deployer(), release("v2")
    around = world(keeper, v2, detach=True)
    meant = intent(v2, "the run", bake=LASTING, notify=(notify,), service="shop", environment="local", root=str(folder))
    assert carry_out(around, meant).state is State.DETACHED
    keeper.close()
    until(lambda: rig.record().phase is Phase.BAKING)
    until(told)
    rig.promote()
    until(lambda: rig.record().phase is Phase.STABLE)
    until(lambda: rig.about()["guard_pid"] is None, within=45)


def test_a_command_hears_the_end_though_the_deployer_is_gone(serving: Rig, tmp_path: Path) -> None:
    words = "echo $READINESS_EVENT $READINESS_SERVICE $READINESS_ENVIRONMENT $READINESS_VERSION >> told"
    detached(serving, tmp_path, {"on": EVENTS, "command": ["/bin/sh", "-c", words]}, (tmp_path / "told").exists)
    assert (tmp_path / "told").read_text().splitlines() == [f"{event} shop local v2" for event in EVENTS]


def test_a_webhook_by_reference_hears_it_and_its_address_lies_nowhere(idle: Rig, tmp_path: Path) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    heard: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["event"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        idle.environment["HOOK"] = f"http://127.0.0.1:{server.server_address[1]}/very-secret"
        idle.start()
        keeper = idle.deployer()
        idle.serve(keeper, "blue", release("v1"))
        keeper.unlock()
        detached(idle, tmp_path, {"on": EVENTS, "webhook": {"from-env": "HOOK"}}, lambda: heard)
    finally:
        server.shutdown()
    assert heard == EVENTS
    written = [path for path in idle.state.rglob("*") if path.is_file() and b"very-secret" in path.read_bytes()]
    assert written == []


def test_a_hook_that_hangs_does_not_hold_up_the_end(serving: Rig, tmp_path: Path) -> None:
    detached(serving, tmp_path, {"on": EVENTS, "command": ["/bin/sleep", "3600"], "timeout": 60})
    assert serving.record().last is not None
    assert "not told" in serving.journal()


def test_an_address_that_is_written_down_does_not_get_into_a_record() -> None:
    by_reference, written, command = (
        Notification.model_validate(one)
        for one in ({"webhook": {"from-env": "X"}}, {"webhook": "http://chat/secret"}, {"command": ["true"]})
    )
    assert carried([by_reference, written, command]) == (by_reference, command)
