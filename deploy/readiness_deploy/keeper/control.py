"""The control socket: commands of deployers, one line of JSON each way. A lock lives as long as its connection."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from readiness_deploy.keeper import channel
from readiness_deploy.keeper.authority import Refused
from readiness_deploy.keeper.core import Keeper, observed
from readiness_deploy.keeper.journal import Event, stamp
from readiness_deploy.ports import Holder
from readiness_deploy.record import Record, Release
from readiness_deploy.states import Colour

LONGEST_LINE = 1 << 20
LARGEST_NOTE = 16 << 10
LEAVE_COLOURS = "stop but leave the colours"
"""How a worker leaves, beside the words of the channel for it."""
_QUEUE = 1000
_SLOW = 10.0
_BACKLOG = 1024
_TOLD_AT_FIRST = 200

Answer = dict[str, Any]
Leave = Callable[[str, Mapping[str, str]], bool]


class Control:
    """Serves the control socket. `about` is what `hello` and `observe` say of the process; `leave` is called with what
    a command asks of the whole keeper: HANDOVER or STOP of the channel, or LEAVE_COLOURS, and with the variables that
    the next worker is to have besides its own; it says whether it was not leaving already."""

    def __init__(self, keeper: Keeper, about: Callable[[], Mapping[str, Any]], leave: Leave) -> None:
        self._keeper, self._about, self._leave = keeper, about, leave
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, listening: socket.socket) -> None:
        """Begin to accept on this bound socket."""
        # The name of the socket belongs to the holder, which outlives this process.
        kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await asyncio.start_unix_server(
            self._accept, sock=listening, limit=LONGEST_LINE, backlog=_BACKLOG, **kept
        )

    async def close(self) -> None:
        """Accept no more, and end the connections: who holds a lock connects to the next worker."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams run this in one
        self._connections.add(task)
        connection = _Connection(self._keeper, self._about, self._leave, writer)
        try:
            await connection.serve(reader)
        except (OSError, asyncio.CancelledError, TimeoutError):
            pass
        finally:
            connection.end()
            self._connections.discard(task)
            writer.close()


class _Connection:
    """One client. It is the owner of the lock that it takes."""

    def __init__(
        self,
        keeper: Keeper,
        about: Callable[[], Mapping[str, Any]],
        leave: Leave,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._keeper, self._about, self._leave, self._writer = keeper, about, leave, writer
        self._unlisten: Callable[[], None] = lambda: None
        self._teller: asyncio.Task[None] | None = None

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client goes."""
        while True:
            try:
                line = await reader.readline()
            except (ValueError, asyncio.LimitOverrunError):
                await self._say({"id": None, "error": _error("unknown", f"a line has {LONGEST_LINE} bytes at most")})
                return
            if not line.endswith(b"\n") or self._is_gone():
                return
            await self._say(self._answer(line))

    def _is_gone(self) -> bool:
        """Whether the client hung up before its command's turn came: nobody reckons with it any more."""
        asked = select.poll()
        asked.register(self._writer.get_extra_info("socket").fileno(), 0)  # an end that is closed is told unasked
        return bool(asked.poll(0))

    def end(self) -> None:
        """The client is gone, and with it its lock."""
        self._unlisten()
        if self._teller is not None:
            self._teller.cancel()
        self._keeper.authority.lose(self)

    def _answer(self, line: bytes) -> Answer:
        number: Any = None
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
            number = request.get("id")
            return {"id": number, "ok": self._do(request)}
        except Refused as fault:
            return {"id": number, "error": _error(fault.kind, fault.text, **fault.more)}
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as fault:
            return {"id": number, "error": _error("unknown", f"the command cannot be read: {fault}")}
        except Exception as fault:  # noqa: BLE001 - one bad command must not end the process that carries the traffic
            self._keeper.journal.note("command failed", why=f"{type(fault).__name__}: {fault}")
            return {"id": number, "error": _error("failed", f"the keeper failed at this command: {fault}")}

    def _do(self, request: Mapping[str, Any]) -> Any:
        name = request.get("do")
        if self._keeper.closed and name not in ("hello", "observe"):
            raise Refused("failed", self._keeper.closed)
        command = _COMMANDS.get(str(name))
        if command is None:
            raise Refused("unknown", f"wanted one of {', '.join(sorted(_COMMANDS))}, found {name}")
        lock = self._keeper.authority.lock
        if lock is not None and lock.owner is self:
            self._keeper.guarding.heard()
        return command(self, request)

    def _hello(self, _: Mapping[str, Any]) -> Any:
        return dict(self._about())

    def _observe(self, _: Mapping[str, Any]) -> Any:
        return observed(self._keeper, self._about())

    def _lock(self, request: Mapping[str, Any]) -> Any:
        holder = msgspec.convert(request["holder"], Holder)
        again = msgspec.convert(request.get("epoch"), int | None)
        over = msgspec.convert(request.get("take_over", ""), str)
        return {"epoch": self._keeper.authority.take(self, holder, over=over, again=again)}

    def _unlock(self, _: Mapping[str, Any]) -> Any:
        self._keeper.authority.give_back(self)
        return {}

    def _write(self, request: Mapping[str, Any]) -> Any:
        record = self._keeper.write(request["epoch"], msgspec.convert(request["record"], Record))
        return {"generation": record.generation}

    def _start(self, request: Mapping[str, Any]) -> Any:
        release = msgspec.convert(request["release"], Release)
        self._keeper.start(request["epoch"], _colour(request), release)
        return {}

    def _stop(self, request: Mapping[str, Any]) -> Any:
        self._keeper.stop(request["epoch"], _colour(request))
        return {}

    def _retire(self, request: Mapping[str, Any]) -> Any:
        after = msgspec.convert(request["after"], float, strict=False)
        self._keeper.retire(request["epoch"], _colour(request), after)
        return {}

    def _request(self, request: Mapping[str, Any]) -> Any:
        self._keeper.ask(*(msgspec.convert(request.get(name, ""), str) for name in ("kind", "by", "reason")))
        return {}

    def _freeze(self, request: Mapping[str, Any]) -> Any:
        reason, owner = (msgspec.convert(request.get(name, ""), str) for name in ("reason", "owner"))
        self._keeper.authority.freeze(reason, owner, stamp())
        return {}

    def _unfreeze(self, _: Mapping[str, Any]) -> Any:
        self._keeper.authority.unfreeze()
        return {}

    def _traffic(self, request: Mapping[str, Any]) -> Any:
        window = msgspec.convert(request["window"], float, strict=False)
        return dict(self._keeper.board.window(_colour(request), window))

    def _watch(self, _: Mapping[str, Any]) -> Any:
        if self._teller is None:
            events: asyncio.Queue[Event] = asyncio.Queue(_QUEUE)
            self._unlisten = self._keeper.journal.listen(_into(events, self._writer))
            self._teller = asyncio.create_task(self._tell(events))
        return {"journal": self._keeper.journal.last(_TOLD_AT_FIRST)}

    def _note(self, request: Mapping[str, Any]) -> Any:
        details = msgspec.convert(request.get("details", {}), dict[str, Any])
        own = {name: value for name, value in details.items() if name not in ("n", "at", "what")}
        if (size := len(msgspec.json.encode(own))) > LARGEST_NOTE:
            # Every `observe` carries the last notes; what is too large for that would blind everybody.
            own = {"cut": size}
        self._keeper.journal.note(msgspec.convert(request["what"], str), **own)
        return {}

    def _handover(self, request: Mapping[str, Any]) -> Any:
        besides = msgspec.convert(request.get("variables", {}), dict[str, str])
        if unfit := [name for name, value in besides.items() if not name or "=" in name or "\0" in name + value]:
            raise Refused("illegal", f"no variables of a process can be {', '.join(map(repr, unfit))}")
        if not self._leave(channel.HANDOVER, besides) and besides:
            raise Refused("failed", "the keeper is being replaced already, without these variables: ask again")
        return {}

    def _shutdown(self, request: Mapping[str, Any]) -> Any:
        left = self._leave(channel.STOP if request.get("colours", True) else LEAVE_COLOURS, {})
        if not left and self._about().get("leaving") == channel.HANDOVER:
            raise Refused("failed", "the keeper is being replaced: ask again")
        return {}

    async def _tell(self, events: asyncio.Queue[Event]) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            while True:
                await self._say({"event": await events.get()})

    async def _say(self, answer: Answer) -> None:
        """Send a line. A client that does not read is cut off: it must not fill the memory."""
        self._writer.write(msgspec.json.encode(answer) + b"\n")
        async with asyncio.timeout(_SLOW):
            await self._writer.drain()


_COMMANDS: dict[str, Callable[[_Connection, Mapping[str, Any]], Any]] = {
    "hello": _Connection._hello,
    "observe": _Connection._observe,
    "lock": _Connection._lock,
    "unlock": _Connection._unlock,
    "write": _Connection._write,
    "start": _Connection._start,
    "stop": _Connection._stop,
    "retire": _Connection._retire,
    "request": _Connection._request,
    "freeze": _Connection._freeze,
    "unfreeze": _Connection._unfreeze,
    "traffic": _Connection._traffic,
    "watch": _Connection._watch,
    "note": _Connection._note,
    "handover": _Connection._handover,
    "shutdown": _Connection._shutdown,
}


def _into(events: asyncio.Queue[Event], writer: asyncio.StreamWriter) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        try:
            events.put_nowait(event)
        except asyncio.QueueFull:
            writer.close()

    return tell


def _colour(request: Mapping[str, Any]) -> Colour:
    return msgspec.convert(request["colour"], Colour)  # type: ignore[no-any-return]


def _error(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, **more}
