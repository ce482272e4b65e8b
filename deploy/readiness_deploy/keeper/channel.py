"""What the holder and its worker say to each other: lines over a socket that only the two of them have.

The holder's end closes with the holder, however it ends: that is how the worker learns of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

VARIABLES = "variables"  # worker to holder: `variables {"NAME": "value"}`, what the next worker has besides
BEGAN = "began"  # worker to holder: this worker serves
HANDOVER = "handover"  # worker to holder: bring another worker; this one serves until it is told that the other does
RELIEVED = "relieved"  # holder to a worker that handed over: another one serves
ENDED = "ended"  # worker to holder: everything is stopped as it was asked
STOP = "stop"  # holder to worker: drain, stop the colours, end
RENEW = "renew"  # holder to worker: read the certificate again
REAPED = "reaped"  # holder to worker: `reaped PID CODE`, a process that was not the worker's own child ended

EX_TAKEN = 75
"""Exit code of a holder that finds another one in the folder."""
EX_UNUSABLE = 78
"""Exit code of a worker that would have to guess, or cannot do what its settings say: a restart changes nothing."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """File descriptors that holders and workers hand to each other: the listening sockets, the control socket, the
    lock of the state folder, and this end of the channel between the two (-1 where there is none yet)."""

    listen: tuple[int, ...]
    control: int
    lock: int
    channel: int = -1

    def words(self) -> list[str]:
        """As arguments of a command."""
        return [",".join(map(str, self.listen)), str(self.control), str(self.lock), str(self.channel)]

    def all(self) -> tuple[int, ...]:
        return tuple(fd for fd in (*self.listen, self.control, self.lock, self.channel) if fd >= 0)


def sockets(words: Sequence[str]) -> Sockets:
    """The descriptors that these arguments name. Raises ValueError."""
    listen, control, lock, channel = words
    return Sockets(tuple(int(fd) for fd in listen.split(",") if fd), int(control), int(lock), int(channel))


PROGRAM: tuple[str, ...] = (sys.executable, "-m", "readiness_deploy.keeper")
"""What a holder and a worker start each other with; words that say as what follow."""
