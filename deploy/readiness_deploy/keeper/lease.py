"""The right of one worker to steer: to decide, write the record and look after the colours, for one state folder.

A worker that hands over carries requests on, and may have to go on steering where its successor does not begin. Which
of the two does must not depend on a holder that can die between them: the kernel says it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Lease:
    """Held by one process at a time, and free when it ends, however it ends. Nothing has to be written for it."""

    def __init__(self, root: Path) -> None:
        self._root, self._handle = root, -1

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._handle >= 0

    def take(self) -> bool:
        """Take it, unless another process has it. Raises OSError where the folder cannot be opened."""
        if self.held:
            return True
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def drop(self) -> None:
        """Give it back."""
        if self.held:
            os.close(self._handle)
            self._handle = -1
