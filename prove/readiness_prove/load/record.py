"""One line of JSON for each request. Records of several runs on one machine are put together with `cat`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from readiness_prove.load.connection import Exchange
from readiness_prove.load.kinds import BadPlan

_BUFFER = 1 << 20
_text = lru_cache(maxsize=4096)(json.dumps)


class Record:
    """Writes the record of a run. Instants in it are of the machine's monotonic clock; 0 is "never".

    Raises BadPlan where the file cannot be made. A write that fails ends the record and is said by `fault`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fault = ""
        try:
            self._file = path.open("w", encoding="utf-8", buffering=_BUFFER)
        except OSError as refusal:
            raise BadPlan(f"the record {path} cannot be written: {refusal.strerror}") from None

    def write(self, exchange: Exchange, *, ended: float, status: int = 0, release: str = "", **said: str) -> None:
        """Write how one exchange ended; `said` are texts that go into the line as they are named."""
        if self.fault:
            return
        more = "".join(f',"{name}":{_text(text)}' for name, text in said.items())
        line = (
            f'{{"id":"{exchange.identity}","operation":{_text(exchange.chosen.title)},"intended":{exchange.intended:.6f},'
            f'"sent":{exchange.sent:.6f},"first":{exchange.first:.6f},"ended":{ended:.6f},"status":{status},'
            f'"release":{_text(release)}{more}}}\n'
        )
        try:
            self._file.write(line)
        except OSError as fault:
            self._failed(fault)

    def close(self) -> None:
        """Write what is left. May be called again."""
        try:
            self._file.close()
        except OSError as fault:
            self._failed(fault)

    def _failed(self, fault: OSError) -> None:
        self.fault = self.fault or f"the record {self._path} is not whole: {fault.strerror}"
