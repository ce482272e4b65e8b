"""Work that may be late or lost, done beside the work that may not."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A thread that does one thing after another, in the order in which they were put. Putting never waits.

    The thread ends with the process, whatever it is doing. What `work` raises is the end of that one thing only.
    `finish` is called in the thread when all is done after `close`.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[T], None],
        finish: Callable[[], None] = lambda: None,
        most: int = 1000,
    ) -> None:
        self._work, self._finish = work, finish
        self._most = most
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._open = True
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._name = name

    def put(self, item: T) -> bool:
        """Have this done, later. Whether there was room for it."""
        with self._lock:
            if not self._open or self._queue.qsize() >= self._most:
                return False
            if self._thread is None and not self._start():
                return False
            self._queue.put(item)
            return True

    def shut(self) -> None:
        """Take nothing more. What is there will be done."""
        with self._lock:
            if self._open:
                self._open = False
                self._queue.put(None)

    def close(self, within: float) -> bool:
        """Take nothing more, and wait up to `within` seconds for what is there. Whether all of it was done."""
        self.shut()
        thread = self._thread
        if thread is None:
            return True
        thread.join(max(0.0, within))
        return not thread.is_alive()

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # this machine has no thread to give
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            with contextlib.suppress(Exception):
                self._work(item)
        with contextlib.suppress(Exception):
            self._finish()
