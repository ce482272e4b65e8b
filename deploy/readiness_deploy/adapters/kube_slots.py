"""The two slots: a Deployment for each colour. What the route selects is not touched."""

from __future__ import annotations

import time
from collections.abc import Callable

from readiness_deploy.adapters import kube_objects as objects
from readiness_deploy.adapters.kube_api import Api, Body, Declined
from readiness_deploy.adapters.kube_objects import Seen
from readiness_deploy.adapters.kube_route import ServiceRoute
from readiness_deploy.ports import Clock, ColourView, Fenced, Illegal, Standing
from readiness_deploy.record import Record, Release
from readiness_deploy.states import COLOURS, Colour

_ATTEMPTS = 10
_AGAIN = 0.1


class Slots:
    """The colours of one Service. Every change is made under an epoch, of the object as it was read, and refused for a
    colour that is selected."""

    def __init__(self, api: Api, service: str, route: ServiceRoute, clock: Clock) -> None:
        self._api, self._service, self._route, self._clock = api, service, route, clock

    def start(self, colour: Colour, release: Release, epoch: int) -> None:
        """Have this release run there; what else runs there is taken away first. Raises Fenced, Illegal, Lost."""
        self._repeated(lambda: self._start(colour, release, epoch))

    def stop(self, colour: Colour, epoch: int) -> None:
        """Take away what runs there: its pods are told to end, and have their grace. Raises Fenced, Illegal, Lost."""
        self._repeated(lambda: self._stop(colour, epoch))

    def deployments(self) -> dict[Colour, Body | None]:
        """What there is for each colour. Raises Lost, Declined."""
        found = {b["metadata"]["name"]: b for b in self._api.labelled("Deployment", {objects.SERVICE: self._service})}
        return {c: found.get(objects.colour_name(self._service, c)) for c in COLOURS}

    def pods(self) -> list[Body]:
        """The pods of all colours. Raises Lost, Declined."""
        return self._api.labelled("Pod", {objects.SERVICE: self._service})

    def seen(self, colour: Colour) -> Seen:
        """One colour, as it is now. Raises Lost, Declined."""
        found = self._api.get("Deployment", objects.colour_name(self._service, colour))
        pods = self._api.labelled("Pod", {objects.SERVICE: self._service, objects.COLOUR: colour})
        return objects.seen(found, pods)

    def _start(self, colour: Colour, release: Release, epoch: int) -> None:
        there = self._touchable(colour, epoch)
        if there is not None:
            if objects.labels_of(there).get(objects.RELEASE) == objects.label(release.id) and objects.lives(there):
                # Stamped with this epoch: a late write of an earlier deployer meets another object than it read.
                self._stamp(there, epoch)
                return
            self._api.delete("Deployment", there)
        made = objects.deployment(self._template(release), self._service, colour, release, epoch)
        self._fit(made)
        self._api.create("Deployment", made)

    def _stop(self, colour: Colour, epoch: int) -> None:
        there = self._touchable(colour, epoch)
        if there is not None:
            self._api.delete("Deployment", there)

    def _stamp(self, there: Body, epoch: int) -> None:
        path = objects.pointer(objects.EPOCH)
        operations: list[Body] = [
            {"op": "test", "path": "/metadata/uid", "value": there["metadata"]["uid"]},
            {"op": "test", "path": path, "value": str(objects.epoch_of(there))},
            {"op": "replace", "path": path, "value": str(epoch)},
        ]
        self._api.patch("Deployment", there["metadata"]["name"], operations)

    def _touchable(self, colour: Colour, epoch: int) -> Body | None:
        """The Deployment of a colour that this epoch may change. Raises Fenced, Illegal, Lost, Declined.

        It is read before the record: what a later epoch does to it from then on is noticed by the write.
        """
        there = self._api.get("Deployment", objects.colour_name(self._service, colour))
        service, record = self._route.read()
        fence(record, epoch)
        if record.selected == colour or objects.selector(service).get(objects.COLOUR) == colour:
            raise Illegal(f"{colour} is selected: it is not touched")
        if there is None:
            return None
        if objects.labels_of(there).get(objects.SERVICE) != self._service:
            raise Illegal(f"the Deployment {there['metadata']['name']} is not ours: it has no label {objects.SERVICE}")
        if objects.epoch_of(there) > epoch:
            raise Fenced(f"epoch {objects.epoch_of(there)} took over from {epoch}")
        return there

    def _repeated(self, act: Callable[[], None]) -> None:
        """Until it was done on the object as it is: the cluster's own controllers write to it all the time."""
        said = ""
        for _ in range(_ATTEMPTS):
            try:
                act()
            except Declined as fault:
                said = str(fault)
                if fault.status not in (404, 409, 422):
                    break
                self._clock.sleep(_AGAIN)
            except objects.Misfit as fault:
                raise Illegal(str(fault)) from None
            else:
                return
        raise Illegal(said)

    def _template(self, release: Release) -> str:
        name = str(release.details.get("config-map", ""))
        found = self._api.get("ConfigMap", name) if name else None
        text = (found or {}).get("data", {}).get(objects.TEMPLATE)
        if not isinstance(text, str):
            raise Illegal(f"release {release.id} cannot be started: its ConfigMap {name or '?'} is gone: deploy again")
        return text

    def _fit(self, made: Body) -> None:
        """Whether the Service selects these pods, once it names their colour. Raises Illegal, Lost."""
        labels = made["spec"]["template"]["metadata"]["labels"]
        for name, value in objects.selector(self._route.read()[0]).items():
            if name != objects.COLOUR and labels.get(name) != value:
                found = f"{name}: {labels[name]}" if name in labels else "no such label"
                raise Illegal(
                    f"the Service {self._service} selects {name}: {value}, the pods of the Deployment have {found}: "
                    "give them the labels that the Service selects"
                )


class Patience:
    """How long each colour has been ready, by the clock of this process: it counts what it saw itself."""

    def __init__(self) -> None:
        self._since: dict[Colour, tuple[str, frozenset[str], float]] = {}

    def view(self, colour: Colour, now: Seen, record: Record) -> ColourView:
        """The colour in the words of the ports. A pod that took another's place begins anew."""
        before = self._since.get(colour)
        served = record.selected == colour or (before is not None and before[0] == now.release)
        if now.standing is not Standing.READY:
            if before is not None:
                self._since[colour] = (before[0], frozenset(), 0.0)
            return objects.view(now, 0.0, served)
        if before is None or before[:2] != (now.release, now.who):
            before = self._since[colour] = (now.release, now.who, time.monotonic())
        return objects.view(now, time.monotonic() - before[2], served)


def fence(there: Record, epoch: int) -> None:
    """Raises Fenced where another epoch has the say."""
    if there.epoch != epoch:
        raise Fenced(f"epoch {there.epoch} took over from {epoch}" if epoch else "the lock is not held")
