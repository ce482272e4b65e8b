"""How an outside program is run: bounded in time, memory and output, without a network or anything of our surroundings.

What it reads may be hostile (a chart, an overlay), so the program itself is taken from an absolute entry of PATH only
and never from the tree that is checked; it gets an argument vector, an environment of a few names and a session of its
own, which ends as a whole.

Bounds, by default: 60 s, 64 MiB of output, 1 GiB of memory. Memory is bounded by RLIMIT_DATA, which counts what can be
written to: programs made with Go reserve gigabytes of addresses that they never use, so that RLIMIT_AS ends them at
once. On Linux, where the kernel allows it, the program runs in a network namespace without any interface and in a
process namespace that ends with it; elsewhere the time limit and the process group are what there is.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import selectors
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ISOLATIONS = (
    ("--net", "--pid", "--fork", "--kill-child"),
    ("--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child"),
    ("--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"),
)
_CHUNK = 1 << 16
_MANAGERS = (
    f"{_SYSTEM_PATH}:/usr/local/bin:/opt/homebrew/bin:/home/linuxbrew/.linuxbrew/bin:/snap/bin:/usr/local/go/bin"
)
# In the order in which a manager that is there is proposed. Debian and Ubuntu have no packages of these programs.
_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "helm": {
        "brew": "brew install helm",
        "apk": "apk add helm",
        "pacman": "pacman -S helm",
        "dnf": "dnf install helm",
        "snap": "snap install helm --classic",
        "go": "go install helm.sh/helm/v4/cmd/helm@latest",
        "page": "https://helm.sh/docs/intro/install/",
    },
    "kustomize": {
        "brew": "brew install kustomize",
        "apk": "apk add kustomize",
        "pacman": "pacman -S kustomize",
        "go": "go install sigs.k8s.io/kustomize/kustomize/v5@latest",
        "page": "https://kubectl.docs.kubernetes.io/installation/kustomize/",
    },
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may use: seconds by the clock, bytes of memory, bytes of output on each of its two streams.

    More output ends the run; with `drop` it goes on, and what is more is not kept.
    """

    seconds: float = 60.0
    memory: int = 1 << 30
    output: int = 64 << 20
    drop: bool = False


DEFAULT_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended. `fault` says why it has no answer of its own; it is empty where the program ended by itself."""

    exit_code: int | None
    out: bytes = b""
    err: bytes = b""
    fault: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.fault

    @property
    def said(self) -> str:
        """Why it failed, in its own words where it had some."""
        if self.fault:
            return self.fault
        return words(self.err) or words(self.out) or f"it ended with {self.exit_code} and said nothing"


def find(name: str, avoid: Path | None = None, path: str | None = None) -> str | None:
    """The absolute path of a program on PATH, or None.

    Relative entries of PATH are passed over, and so is everything that lies in `avoid`, the tree that is checked.
    """
    barred = os.path.realpath(avoid) if avoid else None
    for entry in (os.environ.get("PATH", _SYSTEM_PATH) if path is None else path).split(os.pathsep):
        candidate = os.path.join(entry, name)  # noqa: PTH118 (entries of PATH are texts)
        if not entry.startswith("/") or not _executable(candidate):
            continue
        real = os.path.realpath(candidate)
        if barred and any(p == barred or p.startswith(barred.rstrip("/") + "/") for p in (real, _folder(candidate))):
            continue
        return candidate
    return None


def run(
    program: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    bounds: Bounds = DEFAULT_BOUNDS,
    isolated: bool = True,
    stopped: Callable[[], bool] = lambda: False,
) -> Ran:
    """Run `program` (an absolute path) and wait for its end. Never raises for what the program does.

    `environment` is all that it gets besides a PATH of system folders and a neutral locale. `isolated` keeps it from
    the network where the kernel allows that; the user's own commands are not. `stopped` is asked several times a
    second: once it says yes, the program is ended.
    """
    around = {"PATH": _SYSTEM_PATH, "LC_ALL": "C.UTF-8", **environment}
    command = [*_limits(bounds), *(isolation() if isolated else ()), program, *arguments]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=around,
            start_new_session=True,
        )
    except (OSError, ValueError) as refusal:
        return Ran(None, fault=f"{program} cannot be started: {getattr(refusal, 'strerror', None) or refusal}")
    with process:
        try:
            out, err, fault = _talk(process, stdin, bounds, stopped)
        finally:
            _end(process)
    if fault:
        return Ran(None, out, err, fault)
    code = process.returncode
    if code < 0:
        return Ran(None, out, err, f"it was ended by {_signal_name(-code)}")
    return Ran(code, out, err, _out_of_memory(code, err, bounds))


@cache
def isolation() -> tuple[str, ...]:
    """The words that put a command into namespaces of its own; none where this kernel does not allow it."""
    unshare = find("unshare", path=_SYSTEM_PATH) if sys.platform == "linux" else None
    true = find("true", path=_SYSTEM_PATH)
    if unshare is None or true is None:
        return ()
    for flags in _ISOLATIONS:
        tried = subprocess.run([unshare, *flags, "--", true], capture_output=True, check=False, env={})
        if tried.returncode == 0:
            return (unshare, *flags, "--")
    return ()


def words(text: bytes, most: int = 1500) -> str:
    """What a program said, fit to be repeated: no control characters, bounded, surrounding blanks gone."""
    clean = _CONTROL.sub("", text[: most * 8].decode("utf-8", "replace").replace("\r\n", "\n")).strip()
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _executable(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.X_OK)  # noqa: PTH116 (a text, not a Path)
    except (OSError, ValueError):
        return False


def _folder(path: str) -> str:
    return os.path.realpath(os.path.dirname(path))  # noqa: PTH120 (a text, not a Path)


def _limits(bounds: Bounds) -> tuple[str, ...]:
    """The words that set the kernel's bounds before a command starts; none where there is no `prlimit`.

    Setting them between fork and exec is not safe beside threads; from outside, they would come too late for children.
    """
    prlimit = find("prlimit", path=_SYSTEM_PATH) if sys.platform == "linux" else None
    if prlimit is None:
        return ()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = bounds.memory if hard == resource.RLIM_INFINITY else min(bounds.memory, hard)
    return (prlimit, f"--data={most}", "--core=0", "--")


def _talk(
    process: subprocess.Popen[bytes], stdin: bytes, bounds: Bounds, stopped: Callable[[], bool]
) -> tuple[bytes, bytes, str]:
    """Feed and listen until the program ends, its time is over, or it has said too much."""
    assert process.stdin and process.stdout and process.stderr, "all three are pipes"  # noqa: S101, PT018
    heard: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    fault = ""
    with selectors.DefaultSelector() as waiting:
        for pipe in heard:
            waiting.register(pipe, selectors.EVENT_READ)
        left = memoryview(stdin)
        if left:
            os.set_blocking(process.stdin.fileno(), False)
            waiting.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        for stream in _ready(waiting, process, bounds.seconds, stopped):
            if stream is None:
                fault = "it was ended" if stopped() else f"it gave no answer within {bounds.seconds:g} s and was ended"
                break
            if stream not in heard:
                left = _feed(waiting, process.stdin, left)
                continue
            piece = os.read(stream.fileno(), _CHUNK)
            if not piece:
                waiting.unregister(stream)
            heard[stream] += piece
            if bounds.drop:
                del heard[stream][bounds.output :]
            elif len(heard[stream]) > bounds.output:
                fault = f"it wrote more than {bounds.output >> 20} MiB and was ended"
                break
    return bytes(heard[process.stdout]), bytes(heard[process.stderr]), fault


def _ready(
    waiting: selectors.BaseSelector, process: subprocess.Popen[bytes], seconds: float, stopped: Callable[[], bool]
) -> Iterator[IO[bytes] | None]:
    """Streams that have something to say; None once when the time is over or it is stopped. Ends when nobody speaks
    any more.

    A program may end while something that it started still holds its streams: then what is in them is read, no more.
    """
    deadline = time.monotonic() + seconds
    while waiting.get_map():
        ended = process.poll() is not None
        now = time.monotonic()
        if now >= deadline or stopped():
            yield None
            return
        events = waiting.select(0 if ended else min(0.2, deadline - now))
        if ended and not events:
            return
        for key, _ in events:
            yield key.fileobj  # type: ignore[misc]
    while process.poll() is None:
        left = deadline - time.monotonic()
        if left <= 0 or stopped():
            yield None
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(0.2, left))


def _feed(waiting: selectors.BaseSelector, stream: IO[bytes], left: memoryview) -> memoryview:
    try:
        left = left[os.write(stream.fileno(), left[:_CHUNK]) :]
    except BlockingIOError:
        return left
    except OSError:  # it does not listen any more: what it answers says why
        left = left[:0]
    if not left:
        waiting.unregister(stream)
        stream.close()
    return left


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole session, and what is left of it when its first process has ended by itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _out_of_memory(code: int, err: bytes, bounds: Bounds) -> str:
    if code == 2 and (b"out of memory" in err[:4000] or b"cannot allocate memory" in err[:4000]):
        return f"it wanted more than {bounds.memory >> 20} MiB of memory and was ended"
    if code in (128 + signal.SIGKILL, 128 + signal.SIGXFSZ):
        return f"it was ended by {_signal_name(code - 128)}"
    return ""


def missing(name: str, so: str) -> str:
    """That a program was not found, and what follows; it tells when there is one that lies in the checked tree."""
    there = " outside of the folder that is checked, from where nothing is run" if find(name) else ""
    return f"{name} is not on PATH{there}, so {so}"


def how_to_install(name: str) -> str:
    """How to get a program on this platform, as advice for a person."""
    brought = _PACKAGES.get(name, {})
    manager = next((m for m in brought if m != "page" and find(m, path=_MANAGERS)), None)
    if manager:
        return f"install it: `{brought[manager]}`"
    return f"install it: see {brought.get('page', 'its documentation')}"
