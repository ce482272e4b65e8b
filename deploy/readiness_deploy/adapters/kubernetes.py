"""A cluster: one Service whose selector is the route and whose annotation is the record, a Deployment for each colour.

One conditional write of the Service moves the traffic and says so. A Lease keeps deployers out of each other's way; the
epoch in the record keeps a late one from writing. Nobody guards a run here when its deployer is gone: it is continued
by whoever resumes it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from readiness.config.deploy import DeploySettings, KubernetesTarget
from readiness.sources.cluster.connection import reader
from readiness.sources.cluster.kubeconfig import Refused, find
from readiness_deploy.adapters import kube_objects as objects
from readiness_deploy.adapters import kube_record
from readiness_deploy.adapters.kube_api import BOUNDS, Api, Body, Declined
from readiness_deploy.adapters.kube_lease import Lease
from readiness_deploy.adapters.kube_objects import Seen
from readiness_deploy.adapters.machine import SystemClock
from readiness_deploy.ports import (
    Clock,
    ColourView,
    Conflict,
    Fenced,
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

_ATTEMPTS = 10
_AGAIN = 0.1
_ANNOTATIONS = "/metadata/annotations"


@contextmanager
def opened(settings: DeploySettings, root: Path | None = None) -> Iterator[Cluster]:
    """The cluster that `deploy.kubernetes` names. `root` is the folder of the settings. Raises Illegal for a context
    that cannot be used."""
    target = settings.kubernetes
    if target is None:
        raise Illegal("`deploy.kubernetes` is not set")
    try:
        entry = find(target.context, target.kubeconfig, root)
        with reader(entry, root, BOUNDS) as connection:
            cluster = Cluster(Api(connection, target.namespace), target, SystemClock())
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
        self.api, self._target, self._clock = api, target, clock
        self._service = target.service
        self._lease = Lease(api, f"readiness-{target.service}", target.lease, clock)
        self._epoch = 0
        self._ready: dict[Colour, tuple[str, frozenset[str], float]] = {}
        self._baking: tuple[str, float] = ("", 0.0)

    @property
    def epoch(self) -> int:
        """The epoch under which this process writes; 0 where it holds no lock."""
        return self._epoch

    def close(self) -> None:
        """Give the lock back, if it is held."""
        self.unlock()

    # The lock

    def lock(self, holder: Holder, *, take_over: str = "") -> int:
        """Take the lock, and return its epoch. Raises Busy, Illegal, Lost. Waits for as long as a Lease is valid where
        its holder may have died."""
        self._epoch = 0
        try:
            self._route()  # what cannot be deployed to is not locked
            self._lease.take(holder, force=bool(take_over))
        except Declined as fault:
            raise Illegal(str(fault)) from None
        try:
            self._epoch = self._raised()
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

    def _raised(self) -> int:
        for _ in range(_ATTEMPTS):
            service, record = self._route()
            epoch = record.epoch + 1
            try:
                self._replace(service, replace(record, epoch=epoch), self._adopted(service, record))
            except Conflict:
                self._clock.sleep(_AGAIN)
                continue
            return epoch
        raise Lost("the record changes all the time: who writes it?")

    def _adopted(self, service: Body, record: Record) -> dict[str, str]:
        """The selector, with a colour in it. A Service that serves already is not taken over by force."""
        selector = _selector(service)
        if objects.COLOUR in selector or record.selected is not None:
            return selector
        if objects.addresses(self._slices()):
            raise Illegal(
                f"the Service {self._service} serves pods that have no colour, and naming one would cut them off. Put "
                f"the label {objects.COLOUR}: blue on the pods and into the selector first, or deploy to a new Service "
                f"whose selector says {objects.COLOUR}: {objects.NOBODY}"
            )
        return {**selector, objects.COLOUR: objects.NOBODY}

    # Route

    def observe(self) -> Observation:
        """What is. Raises Lost."""
        try:
            service, record = self._route()
            deployments = self._deployments()
            pods = self.api.labelled("Pod", {objects.SERVICE: self._service})
        except Declined as fault:
            raise Lost(str(fault)) from None
        colours = {c: self._view(c, deployments.get(c), pods, record) for c in COLOURS}
        return Observation(
            record=record,
            actual=objects.selected(_selector(service), deployments),
            colours=colours,
            baked=self._baked(record),
            request=_request(service, record),
        )

    def write(self, record: Record) -> None:
        """Replace the record, and the selector with it. Raises Conflict, Fenced, Illegal, Lost."""
        try:
            service, there = self._route()
            self._fence(there)
            if record.generation != there.generation + 1:
                raise Conflict(f"wanted to follow generation {record.generation - 1}, found {there.generation}")
            if record.selected != there.selected:
                self._may_select(record)
            selector = {**_selector(service), objects.COLOUR: record.selected or objects.NOBODY}
            self._replace(service, replace(record, epoch=self._epoch), selector)
        except Declined as fault:
            raise Illegal(str(fault)) from None

    def _may_select(self, record: Record) -> None:
        if record.selected is None:
            raise Illegal("a route that serves is never made to select nothing")
        now = self._seen(record.selected)
        release = record.slots.get(record.selected)
        wanted = objects.label(release.id) if release else "nothing"
        if now.standing is not Standing.READY or now.release != wanted:
            raise Illegal(f"{record.selected} is {now.standing} with release {now.release or 'none'}: {now.why}")

    def _replace(self, service: Body, record: Record, selector: Mapping[str, str]) -> None:
        """The one conditional write. Raises Conflict, Fenced, Illegal, Lost, Declined."""
        self._patch(service, kube_record.written(record), selector)

    def _patch(self, service: Body, text: str, selector: Mapping[str, str]) -> None:
        annotations = service["metadata"].get("annotations")
        old, path = (annotations or {}).get(objects.RECORD), _pointer(objects.RECORD)
        same: Body = {"op": "test", "path": path, "value": old}
        if old is None:
            same = {"op": "test", "path": "/metadata/resourceVersion", "value": service["metadata"]["resourceVersion"]}
        operations: list[Body] = [
            same,
            {"op": "test", "path": "/spec/selector", "value": _selector(service)},
            *([{"op": "add", "path": _ANNOTATIONS, "value": {}}] if annotations is None else []),
            {"op": "add", "path": path, "value": text},
            {"op": "replace", "path": "/spec/selector", "value": dict(selector)},
        ]
        try:
            self.api.patch("Service", self._service, operations)
        except Declined as fault:
            if fault.status in (409, 422):
                self._refused(service, str(fault))
            raise

    def _refused(self, service: Body, said: str) -> None:
        """Why a conditional write was refused. Returns only where nothing changed, so that it is not a matter of time."""
        now, there = self._route()
        if self._epoch and there.epoch > self._epoch:
            raise Fenced(f"epoch {there.epoch} took over from {self._epoch}")
        if (_annotation(now), _selector(now)) != (_annotation(service), _selector(service)):
            raise Conflict("somebody else wrote the Service meanwhile")
        if _annotation(now) is None and now["metadata"]["resourceVersion"] != service["metadata"]["resourceVersion"]:
            raise Conflict(said)

    def _fence(self, there: Record) -> None:
        if there.epoch != self._epoch:
            raise Fenced(f"epoch {there.epoch} took over from {self._epoch}" if self._epoch else "the lock is not held")

    # Colours

    def start(self, colour: Colour, release: Release) -> None:
        """Have this release run there. What else runs there is taken away first. Raises Fenced, Illegal, Lost."""
        self._repeated(lambda: self._start(colour, release))

    def stop(self, colour: Colour) -> None:
        """Take away what runs there: its pods are told to end, and have their grace. Raises Fenced, Illegal, Lost."""
        self._repeated(lambda: self._stop(colour))

    def retire(self, colour: Colour, after: float) -> None:
        """The same, if that time has passed since the last run ended. Else whoever comes later does it: nobody waits.
        Raises Fenced, Illegal, Lost."""
        record = self.observe().record
        if _age(record) >= after:
            self.stop(colour)

    def _start(self, colour: Colour, release: Release) -> bool:
        there = self._touchable(colour)
        if there is not None:
            if objects.labels_of(there).get(objects.RELEASE) == objects.label(release.id) and _lives(there):
                # Stamped with this epoch, so that a late write of an earlier deployer meets another object than it read.
                return self._stamped(there)
            self.api.delete("Deployment", there)
        made = objects.deployment(self._template(release), self._service, colour, release, self._epoch)
        self._fits(made)
        self.api.create("Deployment", made)
        return True

    def _stop(self, colour: Colour) -> bool:
        there = self._touchable(colour)
        if there is not None:
            self.api.delete("Deployment", there)
        return True

    def _stamped(self, there: Body) -> bool:
        path = _pointer(objects.EPOCH)
        before = str(objects.epoch_of(there))
        operations: list[Body] = [
            {"op": "test", "path": "/metadata/uid", "value": there["metadata"]["uid"]},
            {"op": "test", "path": path, "value": before},
            {"op": "replace", "path": path, "value": str(self._epoch)},
        ]
        self.api.patch("Deployment", there["metadata"]["name"], operations)
        return True

    def _touchable(self, colour: Colour) -> Body | None:
        """The Deployment of a colour that this process may change now. Raises Fenced, Illegal, Lost, Declined."""
        there = self.api.get("Deployment", objects.colour_name(self._service, colour))
        service, record = self._route()
        self._fence(record)
        if record.selected == colour or _selector(service).get(objects.COLOUR) == colour:
            raise Illegal(f"{colour} is selected: it is not touched")
        if there is None:
            return None
        if objects.labels_of(there).get(objects.SERVICE) != self._service:
            raise Illegal(f"the Deployment {there['metadata']['name']} is not ours: it has no label {objects.SERVICE}")
        if objects.epoch_of(there) > self._epoch:
            raise Fenced(f"epoch {objects.epoch_of(there)} took over from {self._epoch}")
        return there

    def _repeated(self, act: Any) -> None:
        """Until it was done on the object as it is; who else writes changes it all the time."""
        said = ""
        for _ in range(_ATTEMPTS):
            try:
                act()
            except Declined as fault:
                said = str(fault)
                if fault.status not in (404, 409, 422):
                    raise Illegal(said) from None
                self._clock.sleep(_AGAIN)
            except objects.Misfit as fault:
                raise Illegal(str(fault)) from None
            else:
                return
        raise Illegal(said)

    def _template(self, release: Release) -> str:
        name = str(release.details.get("config-map", ""))
        found = self.api.get("ConfigMap", name) if name else None
        text = (found or {}).get("data", {}).get(objects.TEMPLATE)
        if not isinstance(text, str):
            raise Illegal(f"release {release.id} cannot be started: its ConfigMap {name or '?'} is gone; deploy it again")
        return text

    def _fits(self, made: Body) -> None:
        """Whether the Service selects these pods, once it names their colour."""
        labels = made["spec"]["template"]["metadata"]["labels"]
        service, _ = self._route()
        for name, value in _selector(service).items():
            if name != objects.COLOUR and labels.get(name) != value:
                found = labels.get(name, "no such label")
                raise Illegal(
                    f"the Service {self._service} selects {name}: {value}; the Deployment's pods have {found}: "
                    "give the pods the labels that the Service selects"
                )

    # What needs no lock

    def request(self, kind: str, by: str, reason: str = "") -> None:
        """Ask something of the run in flight: `promote`, `rollback` or `abort`. Raises Illegal, Lost."""
        service, record = self._route()
        if record.intent is None:
            raise Illegal("no run is in flight")
        said = {"run": record.intent.run, "kind": kind, "by": by, "reason": reason}
        text = msgspec.json.encode(said).decode()
        try:
            self.api.patch(
                "Service", self._service, [{"op": "add", "path": _pointer(objects.REQUEST), "value": text}]
            )
        except Declined as fault:
            raise Illegal(str(fault)) from None

    def freeze(self, reason: str, owner: str) -> None:
        """Stop deploys. Raises Illegal, Lost."""
        self._beside(Freeze(reason=reason, owner=owner, since=self._clock.stamp()))

    def unfreeze(self) -> None:
        """Lift that. Raises Illegal, Lost."""
        self._beside(None)

    def _beside(self, freeze: Freeze | None) -> None:
        """A write that takes nobody's lock: the epoch stays whose it is."""
        for _ in range(_ATTEMPTS):
            service, record = self._route()
            try:
                self._replace(service, record.but(freeze=freeze), self._adopted(service, record))
            except Conflict:
                self._clock.sleep(_AGAIN)
            except Declined as fault:
                raise Illegal(str(fault)) from None
            else:
                return
        raise Lost("the record changes all the time: who writes it?")

    def arrived(self) -> bool:
        """Whether the Service leads to the ready pods of the selected colour, all of them and nowhere else. Raises
        Lost."""
        try:
            service, record = self._route()
            if record.selected is None or _selector(service).get(objects.COLOUR) != record.selected:
                return False
            now = self._seen(record.selected)
            return bool(now.addresses) and objects.addresses(self._slices()) == now.addresses
        except Declined as fault:
            raise Lost(str(fault)) from None

    # Looks

    def _route(self) -> tuple[Body, Record]:
        """The Service and the record in it. Raises Lost, Illegal."""
        try:
            service = self.api.get("Service", self._service)
        except Declined as fault:
            raise Lost(str(fault)) from None
        where = f"namespace {self._target.namespace} of {self._target.context}"
        if service is None:
            raise Lost(
                f"there is no Service {self._service} in {where}: make it, with {objects.COLOUR}: {objects.NOBODY} in "
                "its selector"
            )
        if not _selector(service):
            raise Lost(f"the Service {self._service} in {where} has no selector: it cannot be a route")
        return service, kube_record.read(_annotation(service))

    def _deployments(self) -> dict[Colour, Body | None]:
        found = {b["metadata"]["name"]: b for b in self.api.labelled("Deployment", {objects.SERVICE: self._service})}
        return {c: found.get(objects.colour_name(self._service, c)) for c in COLOURS}

    def _seen(self, colour: Colour) -> Seen:
        found = self.api.get("Deployment", objects.colour_name(self._service, colour))
        pods = self.api.labelled("Pod", {objects.SERVICE: self._service, objects.COLOUR: colour})
        return objects.seen(found, pods)

    def _slices(self) -> list[Body]:
        return self.api.labelled("EndpointSlice", {"kubernetes.io/service-name": self._service})

    def _view(self, colour: Colour, found: Body | None, pods: list[Body], record: Record) -> ColourView:
        now = objects.seen(found, [p for p in pods if objects.labels_of(p).get(objects.COLOUR) == colour])
        before = self._ready.get(colour)
        served = record.selected == colour or (before is not None and before[0] == now.release)
        if now.standing is not Standing.READY:
            if before is not None:
                self._ready[colour] = (before[0], frozenset(), 0.0)
            return objects.view(now, 0.0, served)
        if before is None or before[:2] != (now.release, now.who):
            before = self._ready[colour] = (now.release, now.who, time.monotonic())
        return objects.view(now, time.monotonic() - before[2], served)

    def _baked(self, record: Record) -> float:
        """Seconds since this process saw the bake begin: no clock is shared with the one that began it."""
        if record.phase is not Phase.BAKING or record.intent is None:
            return 0.0
        if self._baking[0] != record.intent.run:
            self._baking = (record.intent.run, time.monotonic())
        return time.monotonic() - self._baking[1]


def _selector(service: Body) -> dict[str, str]:
    return dict(service["spec"].get("selector") or {})


def _annotation(service: Body) -> str | None:
    return (service["metadata"].get("annotations") or {}).get(objects.RECORD)


def _request(service: Body, record: Record) -> Request | None:
    """What is asked of the run in flight; what was asked of an earlier one is forgotten."""
    text = (service["metadata"].get("annotations") or {}).get(objects.REQUEST)
    if text is None or record.intent is None:
        return None
    try:
        said = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        return None
    if said.get("run") != record.intent.run:
        return None
    return Request(kind=said.get("kind", ""), by=said.get("by", "?"), reason=said.get("reason", ""))


def _lives(found: Body) -> bool:
    return "deletionTimestamp" not in found["metadata"] and bool(found["spec"].get("replicas", 1))


def _age(record: Record) -> float:
    """Seconds since the last run ended, by the time of day: what is kept longer or shorter for a wrong clock is warm."""
    try:
        ended = datetime.fromisoformat(record.last.at) if record.last else None
    except ValueError:
        ended = None
    return (datetime.now(UTC) - ended).total_seconds() if ended else 0.0


def _pointer(annotation: str) -> str:
    return f"{_ANNOTATIONS}/{annotation.replace('~', '~0').replace('/', '~1')}"
