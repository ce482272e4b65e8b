"""A connection to a keeper, for deployers and commands. Each call ends within its time."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from readiness_deploy.keeper.folder import Folder, short_address

_LONGEST_ANSWER = 8 << 20
_CHUNK = 1 << 16
_LOOKS = ("hello", "observe", "traffic", "watch")


class Unreachable(Exception):
    """No keeper answered: nothing was asked of one, or it is not known what came of it. See `sent`."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent


class Declined(Exception):
    """The keeper says no. `kind` is one of conflict, fenced, illegal, busy, unknown, failed; `more` goes with it."""

    def __init__(self, kind: str, text: str, more: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.kind, self.more = kind, more


class Connection:
    """One connection. A lock that was taken over it is free when it is closed. Raises Unreachable."""

    def __init__(self, state: Path, *, within: float = 5.0) -> None:
        folder = Folder(state)
        try:
            handle = os.open(folder.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as fault:
            raise Unreachable(f"no keeper has its state in {folder.root}: {fault.strerror}", sent=False) from None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(within)
        try:
            self._socket.connect(short_address(folder.socket, handle))
        except OSError as fault:
            self._socket.close()
            why = "nobody listens" if isinstance(fault, FileNotFoundError | ConnectionRefusedError) else str(fault)
            raise Unreachable(f"no keeper answers at {folder.socket}: {why}", sent=False) from None
        finally:
            os.close(handle)
        self._heard = b""
        self._number = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def call(self, do: str, *, within: float = 5.0, **arguments: Any) -> dict[str, Any]:
        """What the keeper answers to one command. Raises Declined; Unreachable, which ends the connection."""
        self._number += 1
        line = msgspec.json.encode({"id": self._number, "do": do, **arguments}) + b"\n"
        deadline = time.monotonic() + within
        sent = False
        try:
            self._socket.settimeout(within)
            self._socket.sendall(line)
            sent = True
            while True:
                answer = self._line(deadline)
                if "event" not in answer and answer.get("id") in (self._number, None):
                    break
        except (OSError, msgspec.DecodeError) as fault:
            self.close()
            why = str(fault) or type(fault).__name__
            unknown = "; whether it was carried out is not known" if sent and do not in _LOOKS else ""
            raise Unreachable(f"the keeper gave no answer to `{do}`: {why}{unknown}", sent=sent) from None
        if "ok" in answer:
            return dict(answer["ok"])
        error = dict(answer.get("error") or {})
        raise Declined(error.pop("kind", "failed"), error.pop("text", "the keeper said no more"), error)

    def events(self, *, idle: float = 3600.0) -> Iterator[dict[str, Any]]:
        """The keeper's events as they happen, after a call of `watch`. Ends with the connection. Raises Unreachable."""
        while True:
            try:
                answer = self._line(time.monotonic() + idle)
            except (OSError, msgspec.DecodeError) as fault:
                raise Unreachable(f"the keeper tells no more: {fault}", sent=False) from None
            if "event" in answer:
                yield answer["event"]

    def _line(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._heard:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("its time is over")
            self._socket.settimeout(left)
            piece = self._socket.recv(_CHUNK)
            if not piece:
                raise ConnectionError("it hung up")
            self._heard += piece
            if len(self._heard) > _LONGEST_ANSWER:
                raise ConnectionError("its answer is too long")
        line, _, self._heard = self._heard.partition(b"\n")
        return msgspec.json.decode(line, type=dict[str, Any])


def ask(state: Path, do: str, *, within: float = 5.0, **arguments: Any) -> dict[str, Any]:
    """One command over a connection of its own. Raises Declined, Unreachable."""
    with Connection(state, within=within) as connection:
        return connection.call(do, within=within, **arguments)
