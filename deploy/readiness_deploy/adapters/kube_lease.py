"""Who is at work on a service, as a Lease: politeness between deployers. It keeps nobody out; the epoch does.

Clocks of different machines are never compared. Whether a holder lives is seen: a Lease that did not change for as long
as it is valid, by the clock of who looks, is nobody's.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from readiness_deploy.adapters.kube_api import Api, Body, Declined
from readiness_deploy.ports import Busy, Clock, Holder, Lost

ABOUT = "readiness/holder"
_LOOKS = 8  # looks at a Lease within the time it is valid
_RENEWALS = 4


class Lease:
    """The Lease of that name. `seconds` is how long it is valid without a renewal."""

    def __init__(self, api: Api, name: str, seconds: float, clock: Clock) -> None:
        self._api, self._name, self._seconds, self._clock = api, name, seconds, clock
        self._me = uuid4().hex
        self._end: threading.Event | None = None
        self._thread: threading.Thread | None = None

    def take(self, holder: Holder, *, force: bool = False) -> None:
        """Take it, and renew it from now on. Raises Busy where another holder renews it, Lost, Declined."""
        self.give_back()
        deadline, seen = self._clock.now() + self._seconds, ""
        while True:
            found = self._api.get("Lease", self._name)
            free = found is None or not _holder(found) or self._clock.now() > deadline
            if free or force:
                if self._write(found, holder):
                    self._renew_from_now_on()
                    return
                # Somebody was faster: their time begins now.
                deadline, seen = self._clock.now() + self._seconds, ""
                continue
            if seen and seen != _version(found):
                raise Busy(_about(found or {}))
            seen = _version(found)
            self._clock.sleep(self._seconds / _LOOKS)

    def give_back(self) -> None:
        """Let it go, if it is still this process'. What cannot be given back runs out."""
        if self._end is None:
            return
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=self._seconds)
        self._end = self._thread = None
        try:
            found = self._api.get("Lease", self._name)
            if found is not None and _holder(found) == self._me:
                self._api.replace("Lease", self._name, {**found, "spec": {**found["spec"], "holderIdentity": ""}})
        except (Lost, Declined):
            return

    def held(self) -> Holder | None:
        """Who holds it by what it says; they may be dead. Raises Lost, Declined."""
        found = self._api.get("Lease", self._name)
        return _about(found) if found is not None and _holder(found) else None

    def _write(self, found: Body | None, holder: Holder) -> bool:
        """Whether it was written; somebody else may have been faster."""
        try:
            if found is None:
                self._api.create("Lease", self._body(holder))
            else:
                metadata = {**found["metadata"], "annotations": self._body(holder)["metadata"]["annotations"]}
                self._api.replace("Lease", self._name, {**found, "metadata": metadata, "spec": self._spec()})
        except Declined as fault:
            if fault.status in (404, 409):
                return False
            raise
        return True

    def _body(self, holder: Holder) -> Body:
        about = msgspec.json.encode(holder).decode()
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "annotations": {ABOUT: about}},
            "spec": self._spec(),
        }

    def _spec(self) -> Body:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {
            "holderIdentity": self._me,
            "leaseDurationSeconds": max(1, round(self._seconds)),
            "acquireTime": now,
            "renewTime": now,
        }

    def _renew_from_now_on(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, args=(self._end,), daemon=True, name="lease")
        self._thread.start()

    def _renew(self, end: threading.Event) -> None:
        while not end.wait(self._seconds / _RENEWALS):
            try:
                found = self._api.get("Lease", self._name)
                if found is None or _holder(found) != self._me:
                    return  # somebody took it; whether this process may write is for the epoch to say
                spec = {**found["spec"], "renewTime": self._spec()["renewTime"]}
                self._api.replace("Lease", self._name, {**found, "spec": spec})
            except (Lost, Declined):
                continue


def _version(found: Body | None) -> str:
    return str(found["metadata"].get("resourceVersion", "")) if found else ""


def _holder(found: Body) -> str:
    return str((found.get("spec") or {}).get("holderIdentity") or "")


def _about(found: Body) -> Holder:
    """Whom the Lease names; a stranger's has no more than an identity."""
    try:
        return msgspec.json.decode((found["metadata"].get("annotations") or {})[ABOUT], type=Holder)
    except (KeyError, msgspec.DecodeError):
        since = str((found.get("spec") or {}).get("acquireTime") or "")
        return Holder(by=_holder(found), host="?", pid=0, run="", since=since)
