"""The route: one Service, its selector, and the record in its annotation, all changed by one conditional write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from readiness_deploy.adapters import kube_objects as objects
from readiness_deploy.adapters import kube_record
from readiness_deploy.adapters.kube_api import Api, Body, Declined
from readiness_deploy.ports import Clock, Conflict, Fenced, Illegal, Lost, Request
from readiness_deploy.record import Freeze, Record

_ATTEMPTS = 10
_AGAIN = 0.1
_SELECTOR = "/spec/selector"


class ServiceRoute:
    """One Service, as those see it who may change it. `epoch` is asked from the caller each time: it is theirs."""

    def __init__(self, api: Api, service: str, clock: Clock) -> None:
        self._api, self._service, self._clock = api, service, clock

    def read(self) -> tuple[Body, Record]:
        """The Service and the record in it. Raises Lost, also where there is no such Service."""
        try:
            service = self._api.get("Service", self._service)
        except Declined as fault:
            raise Lost(str(fault)) from None
        if service is None:
            raise Lost(
                f"there is no Service {self._service} in the namespace {self._api.namespace}: make it, and the first "
                "deploy adds a colour to its selector"
            )
        if not objects.selector(service):
            raise Lost(f"the Service {self._service} has no selector, so it cannot lead to a colour: give it one")
        return service, kube_record.read(annotation(service))

    def raise_epoch(self) -> int:
        """The next epoch, written. From here on, nobody who has an earlier one may write. Raises Illegal, Lost."""
        for _ in range(_ATTEMPTS):
            service, record = self.read()
            epoch = record.epoch + 1
            try:
                self._change(service, replace(record, epoch=epoch), self._adopted(service, record))
            except (Conflict, Fenced):
                self._clock.sleep(_AGAIN)
                continue
            return epoch
        raise Lost("the record changes all the time: who writes it?")

    def write(self, service: Body, record: Record) -> None:
        """The one conditional write: `record`, and the selector that it means, in place of what `service` was read
        with. Raises Conflict, Fenced, Illegal, Lost."""
        self._change(service, record, {**objects.selector(service), objects.COLOUR: record.selected or objects.NOBODY})

    def freeze(self, freeze: Freeze | None) -> None:
        """Write that, or that there is none. It takes nobody's lock: the epoch stays. Raises Illegal, Lost."""
        for _ in range(_ATTEMPTS):
            service, record = self.read()
            try:
                self._change(service, record.but(freeze=freeze), self._adopted(service, record))
            except (Conflict, Fenced):
                self._clock.sleep(_AGAIN)
            else:
                return
        raise Lost("the record changes all the time: who writes it?")

    def request(self, request: Request) -> None:
        """Leave it for whoever carries out the run in flight. Raises Illegal, Lost."""
        service, record = self.read()
        if record.intent is None:
            raise Illegal("no run is in flight")
        said = {"run": record.intent.run, "kind": request.kind, "by": request.by, "reason": request.reason}
        text = msgspec.json.encode(said).decode()
        operations: list[Body] = [
            {"op": "test", "path": objects.pointer(objects.RECORD), "value": annotation(service)},
            {"op": "add", "path": objects.pointer(objects.REQUEST), "value": text},
        ]
        try:
            self._api.patch("Service", self._service, operations)
        except Declined as fault:
            raise Illegal(f"the run went on meanwhile, or ended; ask again: {fault}") from None

    def slices(self) -> frozenset[str]:
        """The addresses that the Service leads to now. Raises Lost, Declined."""
        return objects.addresses(self._api.labelled("EndpointSlice", {"kubernetes.io/service-name": self._service}))

    def _adopted(self, service: Body, record: Record) -> dict[str, str]:
        """The selector, with a colour in it. A Service that serves already is not taken over by force."""
        selector = objects.selector(service)
        if objects.COLOUR in selector or record.selected is not None:
            return selector
        try:
            serves = self.slices()
        except Declined as fault:
            raise Illegal(str(fault)) from None
        if serves:
            raise Illegal(
                f"the Service {self._service} serves pods of somebody else, and a colour in its selector would cut "
                "them off: deploy to a Service of its own, and lead users there when it serves"
            )
        return {**selector, objects.COLOUR: objects.NOBODY}

    def _change(self, service: Body, record: Record, selector: Mapping[str, str]) -> None:
        path, old = objects.pointer(objects.RECORD), annotation(service)
        same: Body = {"op": "test", "path": path, "value": old}
        if old is None:  # nothing can be compared with what is not there, but with the whole object
            version = service["metadata"]["resourceVersion"]
            same = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
        first = service["metadata"].get("annotations") is None
        operations: list[Body] = [
            same,
            {"op": "test", "path": _SELECTOR, "value": objects.selector(service)},
            *([{"op": "add", "path": objects.ANNOTATIONS, "value": {}}] if first else []),
            {"op": "add", "path": path, "value": kube_record.written(record)},
            {"op": "replace", "path": _SELECTOR, "value": dict(selector)},
        ]
        try:
            self._api.patch("Service", self._service, operations)
        except Declined as fault:
            raise self._refusal(service, record, fault) from None

    def _refusal(self, before: Body, record: Record, fault: Declined) -> Conflict | Fenced | Illegal:
        """Why a conditional write was refused, by what is there now. Raises Lost."""
        if fault.status not in (409, 422):
            return Illegal(str(fault))
        now, there = self.read()
        if there.epoch > record.epoch:
            return Fenced(f"epoch {there.epoch} took over from {record.epoch}")
        if now["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
            return Conflict("somebody else wrote the Service meanwhile")
        return Illegal(str(fault))


def annotation(service: Body) -> str | None:
    """The text of the record; None where nothing was ever deployed."""
    return (service["metadata"].get("annotations") or {}).get(objects.RECORD)


def requested(service: Body, record: Record) -> Request | None:
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
