"""One machine: route, colours and entry by way of the keeper's control socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from readiness.http import Bounds, NoAnswer, Reader, Tls
from readiness_deploy.keeper.client import Connection, Declined, Unreachable, ask
from readiness_deploy.ports import (
    Busy,
    ColourView,
    Conflict,
    Fenced,
    Holder,
    Illegal,
    Lost,
    Observation,
    Refusal,
    Request,
)
from readiness_deploy.record import Record, Release
from readiness_deploy.states import Colour

_WITHIN = 5.0
_AGAIN = 0.05
_ENTRY_BOUNDS = Bounds(connect=1.0, seconds=2.0, size=1 << 20)
_ENTRY_FAULTS = (502, 503, 504)  # what the keeper answers by itself, where no colour did


class Keeper:
    """The keeper of one state folder, as a run sees it: the ports Route and Colours, the lock, and what gates ask.

    A connection that breaks is made again within the call, and the lock is taken again with the same epoch. `within`
    are the seconds that a call may take. For one thread, except where said.
    """

    def __init__(self, state: Path, *, within: float = _WITHIN) -> None:
        self._state, self._within = state, within
        self._connection: Connection | None = None
        self._holder: Holder | None = None
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """The epoch under which this process writes; 0 where it holds no lock."""
        return self._epoch

    def close(self) -> None:
        """End the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    # The lock

    def lock(self, holder: Holder, *, take_over: str = "") -> int:
        """Take the lock, and return its epoch. Raises Busy, Lost."""
        self._epoch, self._holder = 0, None
        answer = self._call("lock", holder=msgspec.to_builtins(holder), take_over=take_over)
        self._epoch, self._holder = int(answer["epoch"]), holder
        return self._epoch

    def unlock(self) -> None:
        """Give the lock back. Raises Lost."""
        if self._epoch:
            self._call("unlock", retry=False)
        self._epoch, self._holder = 0, None

    # Route

    def observe(self) -> Observation:
        """What is. Raises Lost."""
        return observation(self._call("observe"))

    def write(self, record: Record) -> None:
        """Replace the record. Raises Conflict, Fenced, Illegal, Lost."""
        self._call("write", retry=False, epoch=self._epoch, record=msgspec.to_builtins(record))

    # Colours

    def start(self, colour: Colour, release: Release) -> None:
        """Have this release run there. Raises Fenced, Illegal, Lost."""
        self._call("start", epoch=self._epoch, colour=colour, release=msgspec.to_builtins(release))

    def stop(self, colour: Colour) -> None:
        """Drain and end what runs there. Raises Fenced, Illegal, Lost."""
        self._call("stop", epoch=self._epoch, colour=colour)

    def retire(self, colour: Colour, after: float) -> None:
        """The same, later. Raises Fenced, Illegal, Lost."""
        self._call("retire", epoch=self._epoch, colour=colour, after=after)

    # What needs no lock

    def request(self, kind: str, by: str, reason: str = "") -> None:
        """Ask something of the run in flight. Raises Illegal, Lost."""
        self._call("request", kind=kind, by=by, reason=reason)

    def freeze(self, reason: str, owner: str) -> None:
        """Stop deploys. Raises Illegal, Lost."""
        self._call("freeze", reason=reason, owner=owner)

    def unfreeze(self) -> None:
        """Lift that. Raises Lost."""
        self._call("unfreeze")

    def details(self) -> dict[str, Any]:
        """All that `observe` answers, as plain words and numbers, for those who show it. Raises Lost."""
        return self._call("observe")

    def traffic(self, colour: Colour, window: float) -> Mapping[str, Any]:
        """The keeper's counts for a colour over the last seconds. From any thread. Raises Lost."""
        return self._ask("traffic", colour=colour, window=window)

    def address(self, colour: Colour) -> str:
        """Where a colour itself answers, such as http://127.0.0.1:4711; empty where nothing runs. From any thread.
        Raises Lost."""
        return str(self._ask("observe")["colours"][colour]["address"])

    def _ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        try:
            return ask(self._state, do, within=self._within, **arguments)
        except (Unreachable, Declined) as fault:
            raise Lost(str(fault)) from None

    # How

    def _call(self, do: str, *, retry: bool = True, **arguments: Any) -> dict[str, Any]:
        """One command. With `retry`, it may be said again where it is not known what came of it."""
        deadline = time.monotonic() + self._within
        while True:
            left = max(0.1, deadline - time.monotonic())
            try:
                return self._connected(left).call(do, within=left, **arguments)
            except Unreachable as fault:
                self.close()
                if (fault.sent and not retry) or time.monotonic() > deadline:
                    raise Lost(str(fault)) from None
            except Declined as fault:
                if fault.kind != "failed" or time.monotonic() > deadline:
                    raise _refusal(fault) from None
                # A keeper that is being replaced, or a disk that is full for the moment: nothing was changed.
            time.sleep(_AGAIN)

    def _connected(self, within: float) -> Connection:
        if self._connection is None:
            connection = Connection(self._state, within=within)
            self._connection = connection
            if self._epoch and self._holder:
                self._lock_again(connection, within)
        return self._connection

    def _lock_again(self, connection: Connection, within: float) -> None:
        try:
            connection.call("lock", within=within, holder=msgspec.to_builtins(self._holder), epoch=self._epoch)
        except Declined as fault:
            # Somebody else has the say now, such as the guard. To look is still allowed; whatever this process tries
            # to change under its old epoch is refused by the keeper.
            if fault.kind == "failed":
                raise


class KeeperEntry:
    """The entry of a keeper: which release answers there. `path` and `header` are those of the identity settings.

    Where the service says nothing of itself, the keeper's word is taken for it: an answer came, and it routed it.
    """

    def __init__(self, address: str, path: str, header: str, selected: Callable[[], str]) -> None:
        self._address, self._path, self._header, self._selected = address, path, header.lower(), selected

    def identity(self) -> str:
        """The release id of one answer; empty where none came."""
        try:
            # The keeper is on this machine: what its certificate is for is of no matter here.
            with Reader(self._address, tls=Tls(verify=False), bounds=_ENTRY_BOUNDS, sleep=lambda _: None) as reader:
                answer = reader.get(self._path)
        except NoAnswer:
            return ""
        if self._header:
            return answer.headers.get(self._header, "")
        return "" if answer.status in _ENTRY_FAULTS else self._selected()


def entry(keeper: Keeper, release: Release) -> KeeperEntry:
    """The entry of this keeper, with the identity settings of this release. Raises Lost."""
    identity = release.details.get("identity") or {}

    def selected() -> str:
        try:
            serving = keeper.observe().record.serving()
        except Lost:
            return ""
        return serving.id if serving else ""

    return KeeperEntry(entry_address(keeper), identity.get("path") or "/", identity.get("header") or "", selected)


def entry_address(keeper: Keeper) -> str:
    """Where the entry answers on this machine, such as http://127.0.0.1:8080. Raises Lost."""
    about = keeper.details()["keeper"]
    host, _, port = str(about["listening"][0]).rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - what it listens on is not ours
    return f"{about.get('scheme', 'http')}://{host}:{port}"


def observation(answer: Mapping[str, Any]) -> Observation:
    """What `observe` answered, in the words of the ports. Raises Lost for an answer that makes no sense."""
    known = {field.name for field in fields(ColourView)}
    try:
        colours = {
            colour: msgspec.convert({k: v for k, v in view.items() if k in known}, ColourView)
            for colour, view in answer["colours"].items()
        }
        asked = answer.get("request")
        return Observation(
            record=msgspec.convert(answer["record"], Record),
            actual=frozenset(answer["actual"]),
            colours=colours,
            baked=float(answer["baked"]),
            guard=bool(answer["guard"]),
            request=Request(kind=asked["kind"], by=asked["by"], reason=asked["reason"]) if asked else None,
        )
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as fault:
        raise Lost(f"the keeper's answer makes no sense: {fault}") from None


def _refusal(fault: Declined) -> Refusal:
    text = str(fault)
    if fault.kind == "busy":
        return Busy(msgspec.convert(fault.more["holder"], Holder))
    kinds: dict[str, type[Refusal]] = {"conflict": Conflict, "fenced": Fenced, "illegal": Illegal, "unknown": Illegal}
    return kinds.get(fault.kind, Lost)(text)
