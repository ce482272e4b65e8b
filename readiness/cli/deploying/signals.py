"""What a signal means for a rollout: once, stop in good order; twice, stop at once. Neither undoes what was decided."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

_WATCHED = ("SIGINT", "SIGTERM", "SIGHUP")
_SHOW_CURSOR = b"\r\x1b[?25h"


class Signals:
    """Takes the signals of this process while it is entered. It is the rollout's `Interrupts`.

    The first one while `early` is raised as KeyboardInterrupt: nothing has had an effect, and what runs is to be left.
    After `walk()` it is only remembered, and the walk ends itself. The second one ends the process, after `last` has
    said what remains to be done: a rollout may be killed anywhere. SIGHUP stays ignored where it was (`nohup`).
    """

    def __init__(self, last: Callable[[int], bytes], terminal: int | None = None) -> None:
        self._last, self._terminal = last, terminal
        self._pending, self._early = "", True
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for name in _WATCHED:
            number = getattr(signal, name)
            if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._come)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def walk(self) -> None:
        """From here on there are effects: a signal is remembered, not raised."""
        self._early = False

    @property
    def early(self) -> bool:
        """Whether nothing had an effect yet."""
        return self._early

    def pending(self) -> str:
        """The name of the first signal that came, empty where none did."""
        return self._pending

    def readable(self, descriptor: int) -> None:
        """Wait until there is something to read. Unlike a read, it hears a signal of the instant before it, too: such a
        one has been noted by the interpreter, and does not interrupt a system call that begins after it."""
        heard, told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        try:
            while descriptor not in select.select([descriptor, heard], [], [])[0]:
                os.read(heard, 64)  # of a signal whose handler raised nothing
        finally:
            signal.set_wakeup_fd(before)
            os.close(heard)
            os.close(told)

    def _come(self, number: int, _frame: FrameType | None) -> None:
        if self._pending:
            self._leave(number)
        self._pending = signal.Signals(number).name
        if self._early:
            raise KeyboardInterrupt(self._pending)

    def _leave(self, number: int) -> None:
        for descriptor, text in ((self._terminal, _SHOW_CURSOR), (2, self._last(number))):
            if descriptor is not None:
                try:
                    os.write(descriptor, text)
                except OSError:
                    continue
        os._exit(128 + number)
