"""The command line, killed by SIGKILL at one of its effects.

    python mortal.py deploy --version v2 --yes

MORTAL_AT is the number of the deadly effect, or its name and occurrence, such as `write sent:2`; empty: none.
MORTAL_LOG is a file that gets a line for each effect. An effect is: a command that changes something at the keeper (as
`before`, when it is to be sent, `sent`, when no answer was read yet, and `after`), a statement of SQL that is about to
run, named after its database, a file of the rig that is about to be opened for writing, renamed, removed or synced, and
a process that is about to be started.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from typing import Any

AT, LOG, PLACE = (os.environ.get(name, "") for name in ("MORTAL_AT", "MORTAL_LOG", "PROCESS_RIG"))
SCRATCH = os.environ.get("TMPDIR", "/nowhere")
COMMANDS = {"lock", "unlock", "write", "start", "stop", "retire", "request", "freeze", "unfreeze"}
FILES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if LOG else -1
counts: Counter[str] = Counter()
turn = threading.RLock()


def effect(name: str) -> None:
    """One more; perhaps the last."""
    with turn:
        counts[""] += 1
        counts[name] += 1
        if log >= 0:
            os.write(log, f"{name}\n".encode())
        if AT in (str(counts[""]), f"{name}:{counts[name]}"):
            os.kill(os.getpid(), signal.SIGKILL)


def heard(event: str, given: tuple[Any, ...]) -> None:
    """What the interpreter is about to do to the outside world."""
    if event == "open":
        path, _, flags = given
        if isinstance(path, str | bytes) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and _counts(path):
            effect("file open")
    elif event in FILES and isinstance(given[0], str | bytes | os.PathLike) and _counts(given[0]):
        effect(f"file {event.removeprefix('os.')}")
    elif event == "subprocess.Popen":
        effect("process")


def _counts(path: Any) -> bool:
    text = os.fsdecode(path)
    return text.startswith(PLACE) and not text.startswith(SCRATCH) and "__pycache__" not in text


def mortal() -> None:
    """Put an effect in front of, and behind, whatever has one."""
    from readiness_deploy.keeper.client import Connection

    call, line, connect, sync = Connection.call, Connection._line, sqlite3.connect, os.fsync
    doing: dict[int, str] = {}

    def called(self: Any, do: str, **more: Any) -> Any:
        if do not in COMMANDS:
            return call(self, do, **more)
        effect(f"{do} before")
        doing[id(self)] = do
        answer = call(self, do, **more)
        effect(f"{do} after")
        return answer

    def lined(self: Any, deadline: float) -> Any:
        if do := doing.pop(id(self), ""):
            effect(f"{do} sent")
        return line(self, deadline)

    def connected(*given: Any, **more: Any) -> Any:
        made = connect(*given, **more)
        name = os.path.basename(str(given[0])).partition(".")[0]  # noqa: PTH119 - text of any kind

        def traced(text: str) -> None:
            if _verb(text) not in ("SELECT", "PRAGMA"):
                effect(f"{name} {_verb(text)}")

        made.set_trace_callback(traced)
        return made

    def synced(descriptor: int) -> None:
        effect("file sync")
        sync(descriptor)

    Connection.call, Connection._line = called, lined  # type: ignore[method-assign]
    sqlite3.connect, os.fsync = connected, synced  # type: ignore[assignment]
    sys.addaudithook(heard)


def _verb(text: str) -> str:
    words = text.lstrip("- \n").split(None, 1)
    return words[0].upper().rstrip(";") if words else ""


if __name__ == "__main__":
    from readiness.cli import main

    mortal()
    main()
