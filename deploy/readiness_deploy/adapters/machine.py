"""What a run needs of the machine it runs on: its clock, and the signals that ask it to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection
from datetime import UTC, datetime
from types import FrameType

from readiness_deploy.ports import SchemaView, Unfit


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def stamp(self) -> str:
        """Date and time in UTC (RFC 3339)."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Signals:
    """Whether this process was told to stop. SIGHUP does not count where it was ignored at the start (nohup)."""

    def __init__(self) -> None:
        self._said = ""

    def listen(self) -> Signals:
        """Take note of SIGINT, SIGTERM and SIGHUP from now on. Main thread only."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._heard)
        return self

    def pending(self) -> str:
        """The name of the first signal; empty where none came."""
        return self._said

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self._said = self._said or signal.Signals(number).name


class NoSchema:
    """The database of somebody who has nothing to do with one: of a service without migrations, and of the guard."""

    def observe(self) -> SchemaView:
        """Nothing is applied."""
        return SchemaView()

    def rows(self) -> tuple[()]:
        """There is no ledger."""
        return ()

    def domains(self, types: Collection[str]) -> tuple[()]:  # noqa: ARG002 - as the port
        """There is no type."""
        return ()

    def shared(self) -> bool:
        """There is nothing to share."""
        return False

    def claim(self) -> None:
        """There is nobody to tell."""

    def apply(self, migration: str) -> None:
        """Raises Unfit: there is nothing to apply it to."""
        raise Unfit(f"migration {migration}: this service has no database in its settings (`deploy.migrations`)")

    def adopt(self, upto: str) -> None:
        """Raises Unfit: there is nothing to adopt."""
        self.apply(upto)
