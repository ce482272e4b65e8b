"""A deployer of its own process: `deployer.py FILE WHAT [VERSION]`, where FILE holds settings. It prints how it ended.

KILL_AT=after:N (or before:N) has it killed, as kill -9 would, at the N-th change that it makes to the cluster.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness_deploy import bluegreen
from readiness_deploy.adapters import kube_release, kube_world
from readiness_deploy.adapters.kubernetes import opened
from readiness_deploy.adapters.machine import Signals
from readiness_deploy.ports import Busy, Holder, Refusal
from readiness_deploy.record import Bake, Intent, Record, Release
from readiness_deploy.states import Goal, other

from readiness.config.deploy import DeploySettings


class Told:
    """A journal on standard error, with the time of each event."""

    def note(self, what: str, **details: Any) -> None:
        print(json.dumps({"at": time.monotonic(), "what": what, **details}, default=str), file=sys.stderr, flush=True)


def killer(point: str) -> Callable[[str, str], None]:
    when, _, number = point.partition(":")
    made = {"before": 0, "after": 0}

    def wrote(now: str, what: str) -> None:
        if "Lease" in what:
            return
        made[now] += 1
        if now == when and made[now] == int(number):
            print(json.dumps({"killed": point, "at": what}), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    return wrote


def intent(settings: DeploySettings, record: Record, release: Release, goal: Goal) -> Intent:
    bake = settings.bake
    return Intent(
        run=f"run-{os.getpid()}-{time.monotonic_ns()}",
        goal=goal,
        release=release,
        colour=other(record.selected),
        by="somebody",
        reason="asked for",
        bake=Bake(seconds=bake.seconds, converge=bake.converge, identities=bake.identities),
        after=tuple(g.model_dump(by_alias=True, mode="json", exclude_defaults=True) for g in settings.gates.after),
        keep=settings.keep,
        ready_within=settings.run.ready.within,
        min_ready=settings.run.ready.min_ready,
    )


def main(file: str, what: str, version: str = "") -> int:
    settings = DeploySettings.model_validate(json.loads(Path(file).read_text()))
    root = Path(file).parent
    with opened(settings, None, killer(os.environ.get("KILL_AT", ""))) as cluster:
        me = Holder(by="somebody", host="here", pid=os.getpid(), run=what, since="now")
        try:
            cluster.lock(me, take_over=os.environ.get("TAKE_OVER", ""))
        except Busy as busy:
            print(json.dumps({"state": "busy", "why": str(busy)}))
            return 75
        world = kube_world.world_for(
            cluster, settings, root, journal=Told(), interrupts=Signals().listen(), variables={}
        )
        record = cluster.observe().record
        if what == "resume":
            end = bluegreen.walk(world, None)
        elif what == "rollback":
            release = record.slots[other(record.selected)]
            end = bluegreen.carry_out(world, intent(settings, record, release, Goal.ROLLBACK))
        else:
            release, template = kube_release.make(settings, root, version)
            kube_release.publish(cluster.api, settings.kubernetes.service, release, template)  # type: ignore[union-attr]
            end = bluegreen.carry_out(world, intent(settings, record, release, Goal.DEPLOY))
    print(json.dumps({"state": end.state.value, "why": end.why, "code": int(end.code), "run": end.run}))
    return int(end.code)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Refusal as refusal:
        print(json.dumps({"state": type(refusal).__name__, "why": str(refusal)}))
        sys.exit(6)
