"""The commands of the keeper's own program: `hold`, in the foreground or as a daemon, `work`, and `try`, which says
whether the two of them could begin."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from readiness_deploy.keeper import channel
from readiness_deploy.keeper.holder import CannotHold, Holder, Taken, bind, claim
from readiness_deploy.keeper.processes import Identity

_USAGE = "usage: python -m readiness_deploy.keeper hold FOLDER [--daemon | --wait]\n       … stop FOLDER\n"
_LET_GO, _PAUSE = 2.0, 0.02
Worker = Callable[[Path, channel.Sockets, Mapping[str, str]], int]


def main(
    words: Sequence[str],
    own: Mapping[str, str],
    *,
    program: Sequence[str] = channel.PROGRAM,
    worker: Worker | None = None,
) -> int:
    """Be a holder or a worker, as the words say. Returns the exit code."""
    os.umask(0o077)
    try:
        if len(words) == 6 and words[0] == "work":
            return (worker or _work)(Path(words[1]), channel.sockets(words[2:]), own)
        if len(words) == 7 and words[0] == "hold":
            return _go_on(Path(words[1]), channel.sockets(words[2:6]), words[6], program)
        if len(words) in (2, 3) and words[0] == "hold" and words[2:] in ([], ["--daemon"], ["--wait"]):
            return _begin(Path(words[1]).resolve(), program, daemon="--daemon" in words, wait="--wait" in words)
        if len(words) == 2 and words[0] == "stop":
            return _stop(Path(words[1]).resolve())
        if len(words) == 2 and words[0] == "try":
            return _try(Path(words[1]), own)
    except (CannotHold, OSError) as fault:
        sys.stderr.write(f"readiness keeper: {fault}\n")
        return channel.EX_TAKEN if isinstance(fault, Taken) else 1
    sys.stderr.write(_USAGE)
    return 2


def _begin(root: Path, program: Sequence[str], *, daemon: bool, wait: bool) -> int:
    """Take the folder and the sockets; what is wrong with them is said before this goes into the background."""
    lock = claim(root, wait=wait)
    traffic, control = _bound(root)
    if daemon and _in_background(root):
        return 0
    held = channel.Sockets((traffic.detach(),), control.detach(), lock)
    return Holder(root, held, program=program).run()


def _bound(root: Path) -> tuple[socket.socket, socket.socket]:
    """The sockets. Where a keeper was killed, holder and worker both, what moved the bytes for it still has the
    address, and is told to let it go. Raises CannotHold."""
    if (root / "haproxy.json").exists():
        from readiness_deploy.keeper.folder import Folder
        from readiness_deploy.keeper.haproxy import leave_off

        leave_off(Folder(root))
        until = time.monotonic() + _LET_GO
        while time.monotonic() < until:
            with contextlib.suppress(CannotHold):
                return bind(root)
            time.sleep(_PAUSE)
    return bind(root)


def _go_on(root: Path, held: channel.Sockets, worker: str, program: Sequence[str]) -> int:
    """Be the holder of a worker that lives, or of sockets whose holder began anew."""
    pid, _, started = worker.partition(":")
    adopted = Identity(int(pid), int(started)) if started else None
    for fd in held.all():
        os.set_inheritable(fd, False)
    return Holder(root, held, program=program, adopted=adopted).run()


def _in_background(root: Path) -> bool:
    """Leave the terminal and the parent. True in the process that is to end."""
    sys.stdout.flush()
    if os.fork():
        return True
    os.setsid()
    os.chdir("/")
    log = os.open(root / "log" / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)
    return False


def _stop(root: Path) -> int:
    from readiness_deploy.keeper.start import Failure, stop

    try:
        stop(root)
    except Failure as fault:
        sys.stderr.write(f"readiness keeper: {fault}\n")
        return 1
    return 0


def _try(root: Path, own: Mapping[str, str]) -> int:
    """Import what a holder and a worker import, and read what they read. Returns 0 where they could begin."""
    from msgspec import DecodeError

    from readiness_deploy.keeper.entry import BadEntry
    from readiness_deploy.keeper.routefile import Unusable
    from readiness_deploy.keeper.worker import rehearse

    try:
        rehearse(root, own)
    except (Unusable, BadEntry, DecodeError) as fault:
        sys.stderr.write(f"readiness keeper: {fault}\n")
        return channel.EX_UNUSABLE
    return 0


def _work(root: Path, given: channel.Sockets, own: Mapping[str, str]) -> int:
    from readiness_deploy.keeper.worker import work

    return work(root, given, own)
