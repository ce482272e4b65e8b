"""One connection to PostgreSQL, on which no call lasts longer than it was given.

The server bounds statements, this side bounds the wait for its answer: a network that swallows packets answers nothing
at all, and no setting of the server helps against that.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from readiness_deploy.migrations.address import Address
from readiness_deploy.migrations.attempts import Away, Locked
from readiness_deploy.ports import Unfit

if TYPE_CHECKING:
    import psycopg

ANSWER_WITHIN = 10.0
_CONNECT_WITHIN = 5
_LOOK_EVERY = 0.1  # seconds between two looks at whether this process was asked to stop
_CANCELED = "57014"
_LOCKED = frozenset({"55P03", "40001", "40P01"})
_AWAY = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "53300"})
_OF_VALUES = frozenset({"22", "38", "39", "HV", "XX"})
_OF_SYNTAX = frozenset({"42601", "42602"})
_QUOTED = re.compile(r"""["«»„“”「」].*["«»„“”「」]""", re.S)  # in any language; what is quoted may hold quotes itself
# So that the server notices within seconds that this side is gone, and lets go of its locks.
_SESSION = {
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


class Failed(Exception):
    """The server refused. `state` is its SQLSTATE, `position` the offset in the statement, from 0."""

    def __init__(self, text: str, state: str = "", position: int = 0) -> None:
        super().__init__(text)
        self.state = state
        self.position = position


class Link:
    """A fresh connection. Leaving it ends the session, and with it what was not committed.

    `stopped` says why this process was asked to end, or nothing; it is called by another thread.
    """

    def __init__(
        self,
        address: Address,
        patience: float = ANSWER_WITHIN,
        name: str = "readiness",
        stopped: Callable[[], str] = lambda: "",
    ) -> None:
        self._address = address
        self._patience = patience
        self._stopped = stopped
        self._connection = _connect(address, patience, name)
        self._door = socket.socket(fileno=os.dup(self._connection.fileno()))
        self._overdue = False
        self._canceled = False

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):  # it is thrown away: what its end has to say changes nothing
            self._connection.close()
        self._door.close()

    def settle(self) -> None:
        """What the session needs to be noticed when it is dead; settings that a server does not know are left out."""
        wanted = {**_SESSION, "idle_session_timeout": f"{int(self._patience * 1000)}ms"}
        names = ", ".join(f"('{name}', '{value}')" for name, value in wanted.items())
        self.run(
            f"SELECT set_config(s.name, v.value, false) FROM pg_settings s JOIN (VALUES {names}) AS v (name, value) "  # noqa: S608
            "ON v.name = s.name"
        )

    def run(self, sql: str, values: Sequence[Any] | None = None, *, within: float = 0) -> list[Any]:
        """The rows that one statement of ours gives. `within` is what the server has; the network has its own time."""
        import psycopg

        with self._bounded(within), psycopg.ClientCursor(self._connection) as cursor:
            cursor.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *, within: float) -> tuple[int, list[Any]]:
        """Run one statement of a stranger: how many rows it changed, and the first two that it gave.

        When this process is asked to stop, the statement is canceled, and Locked raised.

        Where it holds a semicolon, even in a text, it goes in the protocol's form that takes one statement only. That
        form consists of several messages, and between them the server waits for a client without any limit; so it is
        not used where it is not needed.
        """
        with self._bounded(within, heard=True), self._connection.cursor() as cursor:
            cursor.execute(sql.encode(), binary=";" in sql)
            return cursor.rowcount, cursor.fetchmany(2) if cursor.description else []

    def commit(self) -> None:
        """COMMIT, and not what the server makes of it when the transaction is broken."""
        with self._bounded(0), self._connection.cursor() as cursor:
            cursor.execute(b"COMMIT")
            if cursor.statusmessage != "COMMIT":
                raise Failed(f"the server answered COMMIT with {cursor.statusmessage}")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open and sound."""
        from psycopg.pq import TransactionStatus

        return self._connection.info.transaction_status == TransactionStatus.INTRANS

    @contextlib.contextmanager
    def _bounded(self, within: float, *, heard: bool = False) -> Iterator[None]:
        """Errors in our words; when the time of server and network is over, the connection is cut from this side."""
        import psycopg

        within += self._patience
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(ended, within, heard), daemon=True)
        watch.start()
        try:
            yield
        except psycopg.Error as fault:
            if self._overdue:
                raise Away(f"{self._address.shown} gave no answer within {within:g} s") from None
            raise self._translated(fault) from None
        finally:
            ended.set()
            watch.join(self._patience)  # so that what it cancels is this statement, and not the next one

    def _watch(self, ended: threading.Event, within: float, heard: bool) -> None:
        """Until the statement has `ended`: cancel it when this process is to stop, and cut it off when time is over."""
        deadline = time.monotonic() + within
        canceling: threading.Thread | None = None
        while (left := deadline - time.monotonic()) > 0:
            if ended.wait(min(left, _LOOK_EVERY) if heard else left):
                if canceling:
                    canceling.join(self._patience)  # so that it does not reach the next statement
                return
            if heard and self._stopped() and not (canceling and canceling.is_alive()):
                self._canceled = True  # and once more at the next look: it may not have begun yet
                canceling = threading.Thread(target=self._cancel, args=(min(left, self._patience),), daemon=True)
                canceling.start()
        self._cut()

    def _cancel(self, within: float) -> None:
        """In a thread of its own: a libpq before 17 knows no limit here, and the end of the time is waited for."""
        with contextlib.suppress(Exception):  # where it cannot be told, the server's own limit is left
            self._connection.cancel_safe(timeout=within)

    def _cut(self) -> None:
        self._overdue = True
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)

    def _translated(self, fault: psycopg.Error) -> Exception:
        state = fault.sqlstate or ""
        text = self._address.redact(_without_rows(fault)).strip().splitlines()
        said = text[0] if text else type(fault).__name__
        if state == _CANCELED and self._canceled:
            return Locked("it was ended while it ran")
        if state in _LOCKED:
            return Locked(said)
        if state in _AWAY or state.startswith("08") or self._connection.closed:
            return Away(f"{self._address.shown}: {said}")
        return Failed(said, state, int(fault.diag.statement_position or 1) - 1)


def _without_rows(fault: psycopg.Error) -> str:
    """What the server says and what is in no row: rows are for those who may read the table.

    Details hold rows in any case, and so may the words of a function. The sentence itself quotes a value where it is
    about values, or where a syntax is not that of the statement, since then it has no position in it.
    """
    said, state = fault.diag.message_primary or str(fault), fault.sqlstate or ""
    if state.startswith("P0") or fault.diag.source_function == "exec_stmt_raise":
        return f"a function raised an error ({state}); its words may hold rows, and stand in the log of the server"
    if state[:2] in _OF_VALUES or (state in _OF_SYNTAX and not fault.diag.statement_position):
        return _QUOTED.sub('"…"', said)
    return said


def _connect(address: Address, patience: float, name: str) -> psycopg.Connection[Any]:
    try:
        import psycopg
    except ImportError as fault:
        raise Unfit(f"PostgreSQL needs psycopg: install readiness[postgres] ({fault})") from None
    try:
        return psycopg.connect(
            address.text,
            autocommit=True,
            connect_timeout=_CONNECT_WITHIN,
            prepare_threshold=None,
            application_name=name,
            tcp_user_timeout=int(patience * 1000),
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
    except psycopg.ProgrammingError:
        raise Unfit(f"the address of the database ({address.shown}) has a part that PostgreSQL does not know") from None
    except psycopg.Error as fault:
        said = [line for line in address.redact(str(fault)).strip().splitlines() if not line.startswith("\t")]
        each = [line for line in said if line.startswith("- ")] or said  # of several hosts, why each of them
        raise Away(f"{address.shown}: {'; '.join(each) or 'no connection'}") from None
