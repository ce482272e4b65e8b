"""The record and who may change it: one lock, one epoch, one conditional write, which is the switch.

Nothing here waits: a command is decided and carried out before the next one is looked at.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.routefile import release_reserve, store
from readiness_deploy.ports import Holder, Standing
from readiness_deploy.record import FORMAT, Freeze, Record
from readiness_deploy.states import MOVED, Colour, Phase

_FORWARD = (Phase.PREPARING, Phase.AWAITING, Phase.CONVERGING)
"""Phases whose writes a full disk stops. What leads back, or comes to an end, may use the reserve."""


class Refused(Exception):
    """A command that is not carried out. `kind` is one of conflict, fenced, illegal, busy, unknown, failed."""

    def __init__(self, kind: str, text: str, **more: Any) -> None:
        super().__init__(text)
        self.kind, self.text, self.more = kind, text, more


@dataclass(slots=True)
class Lock:
    """Who may write. It belongs to a connection: with its end it is free, and the epoch stays.

    `seized` says that a person took it over after the commit point: no guard takes it from them. `silence` are the
    seconds since its holder asked anything of the keeper.
    """

    owner: object
    holder: Holder
    epoch: int
    seized: bool = False
    silence: float = 0.0


class Runs(Protocol):
    """What the authority needs to know of a colour."""

    def standing(self, colour: Colour) -> Standing: ...
    def release(self, colour: Colour) -> str: ...


class Authority:
    """Holds the record. `flip` is called with the new record once it is on the disk, before anybody is answered."""

    def __init__(
        self,
        folder: Folder,
        record: Record,
        files: Files,
        runs: Runs,
        flip: Callable[[Record, Record], None],
        note: Callable[..., None],
    ) -> None:
        self.record, self.lock = record, None
        self._folder, self._files, self._runs, self._flip, self._note = folder, files, runs, flip, note
        self._given_back = self._seized = 0  # epochs

    lock: Lock | None

    def take(self, owner: object, holder: Holder, *, over: str = "", again: int | None = None) -> int:
        """The lock, and with it a new epoch, which is on the disk before this returns. With `again`, the epoch that
        this caller had, where nobody took the lock since. Raises Refused: busy, fenced, failed."""
        if again is not None:
            self.admit(again)
            # Whoever has the epoch is the holder, over whichever connection.
            self.lock = Lock(owner, holder, again, seized=again == self._seized)
            return again
        if self.lock is not None and self.lock.owner is not owner and not self._may_oust(holder, over):
            raise Refused("busy", "somebody else holds the lock", holder=_plain(self.lock.holder))
        if over:
            taken_from = _plain(self.lock.holder) if self.lock else None
            self._note("lock taken over", by=holder.by, reason=over, taken_from=taken_from)
        self._put(replace(self.record, epoch=self.record.epoch + 1))
        self._seized = self.record.epoch if over and self.record.phase in MOVED else 0
        self.lock = Lock(owner, holder, self.record.epoch, seized=bool(self._seized))
        return self.record.epoch

    def _may_oust(self, holder: Holder, over: str) -> bool:
        """A reason takes the lock from anybody. After the commit point the guard takes it from whoever switched: what
        follows is the guard's, and the switch was the last thing that the other had to write."""
        lock = self.lock
        assert lock is not None  # noqa: S101 - asked where there is one
        return bool(over) or (holder.guard and self.record.phase in MOVED and not lock.seized and not lock.holder.guard)

    def give_back(self, owner: object) -> None:
        """The lock is free, and its epoch over. Nothing to do for somebody who does not hold it."""
        if self.lock is not None and self.lock.owner is owner:
            self._given_back = self.lock.epoch
            self.lock = None

    def lose(self, owner: object) -> None:
        """The connection of `owner` ended. The lock is free; its epoch counts until somebody takes the next."""
        if self.lock is not None and self.lock.owner is owner:
            self._note("lock lost", holder=_plain(self.lock.holder))
            self.lock = None

    def admit(self, epoch: Any) -> None:
        """Whether this epoch may change anything now. Raises Refused: fenced."""
        if not isinstance(epoch, int) or epoch != self.record.epoch or epoch in (0, self._given_back):
            latest = self.record.epoch
            raise Refused("fenced", f"epoch {epoch} is over, {latest} is the latest", epoch=latest)

    def write(self, epoch: Any, wanted: Record) -> Record:
        """Replace the record. Raises Refused: fenced, conflict, illegal, failed; then nothing changed."""
        self.admit(epoch)
        self._check_generation(wanted)
        fault = self._forbidden(wanted)
        if fault:
            raise Refused("illegal", fault)
        self._put(replace(wanted, epoch=self.record.epoch))
        return self.record

    def own_write(self, wanted: Record, *, oust: bool = False) -> None:
        """A write of the keeper itself. With `oust`, whoever holds the lock has no say any more. Raises Refused."""
        self._put(replace(wanted, epoch=self.record.epoch + 1) if oust else wanted)
        if oust:
            self.lock = None

    def freeze(self, reason: str, owner: str, since: str) -> None:
        """Nobody deploys until it is lifted. Raises Refused."""
        if not reason or not owner:
            raise Refused("illegal", "a freeze wants a reason and an owner")
        self._put(self.record.but(freeze=Freeze(reason=reason, owner=owner, since=since)))

    def unfreeze(self) -> None:
        """Lift it. Raises Refused."""
        if self.record.freeze is not None:
            self._put(self.record.but(freeze=None))

    def _check_generation(self, wanted: Record) -> None:
        current = self.record.generation
        if wanted.generation != current + 1:
            raise Refused(
                "conflict",
                f"wanted to write generation {wanted.generation}, the record has generation {current}",
                generation=current,
            )

    def _forbidden(self, wanted: Record) -> str:
        """Which promise the write would break; empty for none."""
        old = self.record
        if wanted.format != FORMAT:
            return f"wanted a record of format {FORMAT}, found {wanted.format}"
        if wanted.selected is None:
            return "something serves: it cannot be deselected" if old.selected else ""
        release = wanted.slots.get(wanted.selected)
        if release is None:
            return f"{wanted.selected} is to be selected, and the record does not say what runs there"
        if wanted.selected == old.selected:
            serving = old.serving()
            changed = serving is None or serving.id != release.id
            return f"{wanted.selected} serves: its release cannot be changed under it" if changed else ""
        standing, runs = self._runs.standing(wanted.selected), self._runs.release(wanted.selected)
        if standing is Standing.STOPPING:
            return f"{wanted.selected} is being taken away"
        if standing is not Standing.READY:
            return f"{wanted.selected} is {standing.value}: only what is ready can be selected"
        if runs != release.id:
            return f"{wanted.selected} runs release {runs}, the record says {release.id}"
        return ""

    def _put(self, record: Record) -> None:
        """On the disk, then in memory. Raises Refused: failed, where it is not on the disk."""
        try:
            warning = self._store(record)
        except OSError as fault:
            why = fault.strerror or str(fault)
            self._note("route not written", why=why)
            raise Refused("failed", f"the route file cannot be written ({why}): nothing was changed") from None
        old, self.record = self.record, record
        self._flip(old, record)
        if warning:
            self._note("route written in doubt", why=warning)

    def _store(self, record: Record) -> str:
        try:
            return store(self._folder, record, self._files)
        except OSError as fault:
            forward = record.phase in _FORWARD and record.epoch == self.record.epoch
            if fault.errno not in (errno.ENOSPC, errno.EDQUOT) or forward or not release_reserve(self._folder):
                raise
        self._note("reserve used", why="the disk is full")
        return store(self._folder, record, self._files)


def is_way_back(record: Record, colour: Colour) -> bool:
    """Whether a run would go back to this colour if its release were bad."""
    return record.previous == colour and record.phase in (Phase.CONVERGING, Phase.BAKING)


def _plain(holder: Holder) -> dict[str, Any]:
    return {name: getattr(holder, name) for name in holder.__slots__}
