"""Runs by the real table, on a real keeper."""

from __future__ import annotations

from typing import Any

from readiness_deploy.adapters.local import Keeper, entry
from readiness_deploy.adapters.machine import NoSchema, Signals, SystemClock
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.ports import World
from readiness_deploy.record import Bake, Intent, Release
from readiness_deploy.states import Goal

QUICK = Bake(seconds=0.5, converge=60, identities=3)
LASTING = Bake(seconds=3600, converge=60, identities=3)


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def note(self, what: str, **details: Any) -> None:
        self.events.append((what, details))


def intent(release: Release, run: str, **more: Any) -> Intent:
    return Intent(
        run=run, goal=Goal.DEPLOY, release=release, colour="blue", ready_within=120, min_ready=0,
        **{"bake": QUICK, **more},
    )  # fmt: skip


def world(keeper: Keeper, release: Release, **more: Any) -> World:
    clock = SystemClock()
    return World(
        route=keeper, colours=keeper, schema=NoSchema(), gates=LiveGates(clock, Outside(variables={})),
        entry=entry(keeper, release), clock=clock, journal=Told(), interrupts=Signals(), **more,
    )  # fmt: skip
