"""The keeper and the guard die while a release is shipped under load. What was under way in their hands is cut, nothing
else is; the service comes back by itself, and the run ends right."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import Any

import pytest
from process.proof import alike, figures, long
from process.rig import LONG, SHIP, Load, Rig, sane, until

MOMENTS = ("starting", "converging", "baking")
WHO = ("worker_pid", "holder_pid", "guard_pid")
# Before the switch a guard has nothing in its hands yet.
DEATHS = [(who, at) for who in WHO for at in MOMENTS if (who, at) != ("guard_pid", "starting")]


def moment(rig: Rig, name: str) -> None:
    if name == "starting":
        until(lambda: "starting" in {v["standing"] for v in rig.seen()["colours"].values()}, why=rig.tail)
    elif name == "converging":
        rig.until_phase("converging", "baking")
    else:
        rig.until_phase("baking")


def killed(rig: Rig, who: str) -> float:
    """SIGKILL to one of them. The instant at which it was gone, and its sockets with it."""

    def struck() -> float | None:
        pid = rig.seen()["keeper"][who]
        with contextlib.suppress(ProcessLookupError):
            if pid:
                handle = os.pidfd_open(pid)
                os.kill(pid, signal.SIGKILL)
                select.select([handle], [], [], LONG)
                os.close(handle)
                return time.monotonic()
        return None

    return float(until(struck, why=rig.tail))


def in_flight(load: Load, gone: float) -> list[dict[str, Any]]:
    """The lost requests. Each of them was under way when the process ended: sent before, and not answered yet."""
    lost = [one for one in load.requests() if one.get("lost")]
    for one in lost:
        assert one["lost"] in ("reset", "cut"), one
        assert one["sent"] <= gone, ("it was lost though it was sent later", one["sent"] - gone, one)
    return lost


def struck(rig: Rig, who: str, at: str, rate: float) -> dict[str, Any]:
    """One upgrade with one death."""
    rig.shipped(rig.version("v1"))
    # A busy machine is slow to answer again, and the gate has to see it; its own request may be one of those in flight.
    rig.settings(bake=6, interval=2, forgiven=1)
    with rig.load(rate) as load:
        running = rig.begin("deploy", "--version", rig.version("v2", "--ready-after", "1.5"), *SHIP)
        moment(rig, at)
        began = time.monotonic()
        gone = killed(rig, who)
        until(rig.answers, why=rig.tail)
        back = time.monotonic() - began
        done = rig.end(running)
        until(lambda: (rig.record()["last"] or {}).get("version") == "v2", why=rig.tail)
        load.stop()
    assert done.code == 0, str(done)
    assert set(load.result["statuses"]) == {"200"}, load.result["statuses"]
    lost = in_flight(load, gone)
    assert not lost or who == "worker_pid", lost
    sane(rig, "v2")
    # What the worker had not read yet, it cannot have counted: the published number is the smaller one.
    counted = int(rig.seen()["keeper"]["cut"])
    return {
        "requests": load.sent(),
        "lost_in_flight": len(lost),
        "published_as_cut": counted,
        "answered_again_after": round(back, 2),
    }


def test_a_worker_that_dies_in_the_bake_costs_what_was_under_way(rig: Rig) -> None:
    struck(rig, "worker_pid", "baking", 100)


@long
@pytest.mark.parametrize(("who", "at"), alike(DEATHS, [*DEATHS[:3], ("holder_pid", "baking"), ("guard_pid", "baking")]))
def test_whoever_dies_the_release_is_shipped(rig: Rig, who: str, at: str) -> None:
    found = struck(rig, who, at, 80)
    command = "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_keeper_deaths.py"
    figures("deaths", f"{who.removesuffix('_pid')} killed while {at}", found, 1, command)
