"""Processes of this machine: started in a session of their own, known by id and start time, found by their marker."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.marks import carrying

MARKER = "READINESS_KEEPER"
INSTANCE = "READINESS_INSTANCE"
CARRIER = "carrier"
"""The instance of a process that moves the bytes for the keeper, and that outlives a worker."""
_GONE = "ZXx"


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for all time on this boot: ids are used again, ids with their start time are not."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A process that carries the marker of a keeper."""

    identity: Identity
    instance: str


def variables_of(pid: int) -> dict[str, str] | None:
    """The variables that a process of ours was started with; None where it is gone."""
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = (os.fsdecode(line).partition("=") for line in text.split(b"\0") if line)
    return {name: value for name, _, value in pairs}


class Processes:
    """What the keeper does to processes. Each is one effect, after which the keeper may die."""

    def spawn(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own, what it says appended to `output`. Raises OSError, ValueError."""
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
                umask=0o022,
            )
        finally:
            os.close(handle)

    def signal(self, identity: Identity, number: signal.Signals, *, group: bool = True) -> bool:
        """Send a signal to a process, and to its group. False where it is gone."""
        if not alive(identity):
            return False
        try:
            if group and os.getpgid(identity.pid) == identity.pid:
                os.killpg(identity.pid, number)
            else:
                os.kill(identity.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def identity(pid: int) -> Identity | None:
    """Who this process is; None where it is gone, only waits to be buried, or cannot be looked at now: whether one that
    is known lives is told by `alive`."""
    with contextlib.suppress(OSError):
        return _identity(pid)
    return None


def alive(known: Identity) -> bool:
    """Whether that very process runs. Where it cannot be looked at, as without a descriptor, one with its id is it."""
    try:
        return _identity(known.pid) == known
    except OSError:
        return _is_used(known.pid)


def in_session(known: Identity) -> Iterator[Identity]:
    """The living processes of the session that this process began: itself, and those that it left behind, whatever
    their environment shows.

    As long as one of them lives, the kernel gives the id to no other process and to no other session. Where the id
    belongs to another process now, so does the session; what began before this one was never its child. Raises OSError
    where nobody can look.
    """
    leader = _identity(known.pid)
    if leader is not None and leader != known:
        return
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(PermissionError):  # of somebody else, on a machine that hides them
            fields = _stat(int(entry.name))
            if fields and fields[0] not in _GONE and int(fields[3]) == known.pid and int(fields[19]) >= known.started:
                yield Identity(int(entry.name), int(fields[19]))


def marked(root: Path) -> Iterator[Marked]:
    """The living processes that a keeper of this folder started, and their children that kept the marker. Raises
    OSError where nobody can look."""
    prefix = f"{INSTANCE}=".encode()
    for pid, variables in carrying(MARKER, str(root)):
        known = _identity(pid)
        if known is not None:
            instance = next((v[len(prefix) :].decode() for v in variables if v.startswith(prefix)), "")
            yield Marked(known, instance)


def holders(root: Path) -> Iterator[int]:
    """The ids of this user's processes that were told to hold this folder, by their command lines: also where the
    folder, and the lock in it, are gone."""
    wanted = os.path.realpath(root)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = [os.fsdecode(word) for word in (entry / "cmdline").read_bytes().split(b"\0")]
            place = words.index("hold") if "readiness_deploy.keeper" in words and "hold" in words else len(words)
            named = os.path.realpath(words[place + 1]) if place + 1 < len(words) else ""
            if named == wanted and entry.stat().st_uid == os.geteuid():
                yield int(entry.name)


def boot() -> str:
    """The id of this boot of the machine; empty where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def ended_as(code: int | None) -> str:
    """What the end of a process is called: its exit code, or its signal."""
    if code is None:
        return "ended; nobody learnt how"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _identity(pid: int) -> Identity | None:
    """As `identity`. Raises OSError where it cannot be looked at."""
    fields = _stat(pid)
    return Identity(pid, int(fields[19])) if fields and fields[0] not in _GONE else None


def _is_used(pid: int) -> bool:
    """Whether a process has this id. Takes no descriptor to find out."""
    try:
        os.kill(pid, 0)
    except OSError as fault:
        return not isinstance(fault, ProcessLookupError)
    return True


def _stat(pid: int) -> list[str] | None:
    """What the kernel says of a process; None where there is none. Raises OSError where it cannot be read."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of the program is in brackets and may hold anything, brackets and blanks too.
    return text.rpartition(")")[2].split()
