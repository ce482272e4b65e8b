"""The database: one engine per process, every wait bounded, connection errors retried a few times."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from payments.settings import Settings

log = logging.getLogger("payments.database")

T = TypeVar("T")

# SQLSTATE class 08 is "connection exception"; the others are: shutdown by an administrator, crash, starting up,
# too many connections (PostgreSQL documentation, appendix A).
_AWAY_STATES = frozenset({"57P01", "57P02", "57P03", "53300"})
# Cancelled by statement_timeout, and a lock not granted within lock_timeout.
_BUSY_STATES = frozenset({"57014", "55P03"})
_AWAY_SQLITE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR})
_BUSY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class DatabaseUnavailable(Exception):
    """The database could not be reached, after all attempts, or had no time for us. Nothing is known to be written."""


def is_away(error: BaseException) -> bool:
    """True for errors of the connection, after which the same work may be tried again on a new connection."""
    code = _sqlite_code(error)
    if code is not None:
        return code in _AWAY_SQLITE
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or (state is None and isinstance(error, OperationalError)):
        return True
    return str(state).startswith("08") or state in _AWAY_STATES


def is_busy(error: BaseException) -> bool:
    """True when a bounded wait of ours ran out: pool, lock or statement. Trying again at once would add to the load."""
    if isinstance(error, PoolTimeout):
        return True
    code = _sqlite_code(error)
    if code is not None:
        return code in _BUSY_SQLITE
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _BUSY_STATES


def _sqlite_code(error: BaseException) -> int | None:
    """SQLite's primary result code, from the driver's error or from SQLAlchemy's around it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def open_engine(settings: Settings) -> Engine:
    """An engine for the settings' URL. Connects to nothing yet."""
    if settings.database_url.get_backend_name() == "sqlite":
        return _open_sqlite(settings)
    statement_ms = int(settings.statement_timeout * 1000)
    return create_engine(
        settings.database_url,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.connect_timeout,
        pool_recycle=1800,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": settings.connect_timeout,
            "application_name": f"payments-{settings.version}",
            "options": f"-c statement_timeout={statement_ms} -c lock_timeout={min(statement_ms, 2000)} "
            f"-c idle_in_transaction_session_timeout={statement_ms * 2}",
            # A peer that vanished without a word is noticed within seconds, not after the kernel's quarter of an hour.
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": statement_ms * 2,
        },
    )


def _open_sqlite(settings: Settings) -> Engine:
    engine = create_engine(
        settings.database_url,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.connect_timeout,
        hide_parameters=True,
        connect_args={"timeout": settings.statement_timeout, "check_same_thread": False},
    )
    prepare_sqlite(engine)
    return engine


def prepare_sqlite(engine: Engine) -> None:
    """Makes transactions real (the option `sqlite_begin` says how they begin) and lets readers and a writer coexist."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction handling starts too late and ends before DDL; we begin ourselves.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


class Database:
    """Runs units of work in transactions. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        on_retry: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.engine = engine
        self._attempts = settings.retry_attempts
        self._delay = settings.retry_delay
        self._on_retry = on_retry
        self._sleep = sleep
        # While the database is away, at most half of the threads wait for it: the others go on answering probes.
        self._waiting_room = threading.BoundedSemaphore(max(1, settings.threads // 2))
        # SQLite has one writer at a time and makes the others poll; in line, nobody has to wait long by bad luck.
        self._writer: AbstractContextManager[object] = (
            threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    def write(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one committed transaction; `work` may run more than once and must be idempotent.

        Raises DatabaseUnavailable when the database stays away or has no time; what `work` raises is passed on.
        """
        return self.attempt(lambda: self._once(work, "IMMEDIATE"))

    def read(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction, with the same retries and errors as a write."""
        return self.attempt(lambda: self._once(work, "DEFERRED"))

    def read_once(self, work: Callable[[Connection], T]) -> T:
        """As `read`, without retries: for probes, which are repeated by whoever asks."""
        return _translated(lambda: self._once(work, "DEFERRED"))

    def _once(self, work: Callable[[Connection], T], sqlite_begin: str) -> T:
        turn = self._writer if sqlite_begin == "IMMEDIATE" else nullcontext()
        with turn, self.engine.connect() as connection:
            connection.execution_options(sqlite_begin=sqlite_begin)
            with connection.begin():
                return work(connection)

    def attempt(self, work: Callable[[], T]) -> T:
        """The result of `work`, tried again while the database is away; for work that opens its own connection."""
        waiting = False

        def worth_waiting(error: BaseException) -> bool:
            nonlocal waiting
            if is_away(error) and not waiting:
                waiting = self._waiting_room.acquire(blocking=False)
            return is_away(error) and waiting

        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_fixed(self._delay),
            retry=retry_if_exception(worth_waiting),
            before_sleep=self._report,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return _translated(lambda: retrying(work))
        finally:
            if waiting:
                self._waiting_room.release()

    def _report(self, state: RetryCallState) -> None:
        self._on_retry()
        log.warning("database away, trying again", extra={"attempt": state.attempt_number, "attempts": self._attempts})


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        if is_away(error):
            raise DatabaseUnavailable("the database does not answer") from error
        if is_busy(error):
            raise DatabaseUnavailable("the database is too busy") from error
        raise
