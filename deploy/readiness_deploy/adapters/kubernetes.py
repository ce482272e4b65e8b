"""A cluster: one Service whose selector is the route and whose annotation is the record, a Deployment for each colour.

One conditional write of the Service moves the traffic and says so. A Lease keeps deployers out of each other's way; the
epoch in the record keeps a late one from writing. Nobody guards a run here when its deployer is gone: it is continued
by whoever resumes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from readiness.config.deploy import DeploySettings, KubernetesTarget
from readiness.sources.cluster.connection import reader
from readiness.sources.cluster.kubeconfig import Refused, find
from readiness_deploy.adapters import kube_objects as objects
from readiness_deploy.adapters.kube_api import BOUNDS, Api, Declined, unheard
from readiness_deploy.adapters.kube_lease import Lease
from readiness_deploy.adapters.kube_route import ServiceRoute, requested
from readiness_deploy.adapters.kube_slots import Patience, Slots, fence
from readiness_deploy.adapters.machine import SystemClock
from readiness_deploy.ports import (
    Clock,
    Conflict,
    Holder,
    Illegal,
    Lost,
    Observation,
    Refusal,
    Request,
    Standing,
)
from readiness_deploy.record import Freeze, Record, Release
from readiness_deploy.states import COLOURS, Colour, Phase


@contextmanager
def opened(
    settings: DeploySettings, root: Path | None = None, wrote: Callable[[str, str], None] = unheard
) -> Iterator[Cluster]:
    """The cluster that `deploy.kubernetes` names. `root` is the folder of the settings; `wrote` is told of each change.
    Raises Illegal for a context that cannot be used."""
    target = settings.kubernetes
    if target is None:
        raise Illegal("`deploy.kubernetes` is not set")
    try:
        entry = find(target.context, target.kubeconfig, root)
        with reader(entry, root, BOUNDS) as connection:
            cluster = Cluster(Api(connection, target.namespace, wrote), target, SystemClock())
            try:
                yield cluster
            finally:
                cluster.close()
    except Refused as refusal:
        gap = refusal.gap
        where = f"{gap.span}: " if gap.span else ""
        raise Illegal(f"{where}{gap.cause}" + (f": {gap.advice}" if gap.advice else "")) from None


class Cluster:
    """One service in one namespace, as a run sees it: the ports Route and Colours, and the lock. For one thread."""

    def __init__(self, api: Api, target: KubernetesTarget, clock: Clock) -> None:
        self.api, self.target, self._clock = api, target, clock
        self._route = ServiceRoute(api, target.service, clock)
        self._slots = Slots(api, target.service, self._route, clock)
        self._lease = Lease(api, f"readiness-{target.service}", target.lease, clock)
        self._epoch, self._patience = 0, Patience()
        self._baking: tuple[str, float] = ("", 0.0)

    @property
    def epoch(self) -> int:
        """The epoch under which this process writes; 0 where it holds no lock."""
        return self._epoch

    def beside(self) -> Cluster:
        """The same service for another thread, to look at."""
        return Cluster(self.api, self.target, self._clock)

    def close(self) -> None:
        """Give the lock back, if it is held."""
        self.unlock()

    # The lock

    def lock(self, holder: Holder, *, take_over: str = "") -> int:
        """Take the lock, and return its epoch. Where its holder may have died, this waits for as long as a Lease is
        valid. Raises Busy, Illegal, Lost."""
        self._epoch = 0
        try:
            self._route.read()  # what cannot be deployed to is not locked
            self._lease.take(holder, force=bool(take_over))
        except Declined as fault:
            raise Illegal(str(fault)) from None
        try:
            self._epoch = self._route.raise_epoch()
        except Refusal:
            self._lease.give_back()
            raise
        return self._epoch

    def unlock(self) -> None:
        """Give the lock back. The epoch stays."""
        self._lease.give_back()
        self._epoch = 0

    def held(self) -> Holder | None:
        """Who holds the lock, by what they said of themselves. Raises Lost."""
        try:
            return self._lease.held()
        except Declined as fault:
            raise Lost(str(fault)) from None

    # Route

    def observe(self) -> Observation:
        """What is. Raises Lost."""
        try:
            service, record = self._route.read()
            deployments, pods = self._slots.deployments(), self._slots.pods()
        except Declined as fault:
            raise Lost(str(fault)) from None
        colours = {}
        for colour in COLOURS:
            mine = [pod for pod in pods if objects.labels_of(pod).get(objects.COLOUR) == colour]
            colours[colour] = self._patience.view(colour, objects.seen(deployments[colour], mine), record)
        return Observation(
            record=record,
            actual=objects.selected(objects.selector(service), deployments),
            colours=colours,
            baked=self._baked(record),
            request=requested(service, record),
        )

    def write(self, record: Record) -> None:
        """Replace the record, and the selector with it. Raises Conflict, Fenced, Illegal, Lost."""
        service, there = self._route.read()
        fence(there, self._epoch)
        if record.generation != there.generation + 1:
            raise Conflict(f"wanted to follow generation {record.generation - 1}, found {there.generation}")
        if record.selected != there.selected:
            self._may_select(record)
        self._route.write(service, replace(record, epoch=self._epoch))

    def _may_select(self, record: Record) -> None:
        if record.selected is None:
            raise Illegal("a route that serves is never made to select nothing")
        release = record.slots.get(record.selected)
        try:
            now = self._slots.seen(record.selected)
        except Declined as fault:
            raise Lost(str(fault)) from None
        if release is None or now.standing is not Standing.READY or now.release != release.id:
            found = f"{now.standing} with release {now.release or 'none'}" + (f": {now.why}" if now.why else "")
            raise Illegal(f"{record.selected} is {found}")

    def _baked(self, record: Record) -> float:
        """Seconds since this process saw the bake begin: no clock is shared with the one that began it."""
        if record.phase is not Phase.BAKING or record.intent is None:
            return 0.0
        if self._baking[0] != record.intent.run:
            self._baking = (record.intent.run, time.monotonic())
        return time.monotonic() - self._baking[1]

    # Colours

    def start(self, colour: Colour, release: Release) -> None:
        """Have this release run there. What else runs there is taken away first. Raises Fenced, Illegal, Lost."""
        self._slots.start(colour, release, self._epoch)

    def stop(self, colour: Colour) -> None:
        """Take away what runs there: its pods are told to end, and have their grace. Raises Fenced, Illegal, Lost."""
        self._slots.stop(colour, self._epoch)

    def retire(self, colour: Colour, after: float) -> None:
        """The same, if that time has passed since the last run ended. Else whoever comes later does it: nobody waits.
        Raises Fenced, Illegal, Lost."""
        if _age(self._route.read()[1]) >= after:
            self.stop(colour)

    # What needs no lock

    def request(self, kind: str, by: str, reason: str = "") -> None:
        """Ask something of the run in flight: `promote`, `rollback` or `abort`. Raises Illegal, Lost."""
        self._route.request(Request(kind=kind, by=by, reason=reason))

    def freeze(self, reason: str, owner: str) -> None:
        """Stop deploys. Raises Illegal, Lost."""
        self._route.freeze(Freeze(reason=reason, owner=owner, since=self._clock.stamp()))

    def unfreeze(self) -> None:
        """Lift that. Raises Illegal, Lost."""
        self._route.freeze(None)

    def arrived(self) -> bool:
        """Whether the Service leads to the ready pods of the selected colour, all of them and nowhere else. Raises
        Lost."""
        try:
            service, record = self._route.read()
            if record.selected is None or objects.selector(service).get(objects.COLOUR) != record.selected:
                return False
            ready = self._slots.seen(record.selected).addresses
            return bool(ready) and self._route.slices() == ready
        except Declined as fault:
            raise Lost(str(fault)) from None


def _age(record: Record) -> float:
    """Seconds since the last run ended, by the time of day; 0 where that is not known."""
    try:
        ended = datetime.fromisoformat(record.last.at) if record.last else None
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - ended).total_seconds() if ended else 0.0
