"""The holder: keeps the listening sockets, the lock of the folder and one worker, whatever happens to the worker.

It does nothing else and imports next to nothing, so that there is little that could end it. Its worker brings another
holder where it is ended nevertheless.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from readiness_deploy.keeper import channel
from readiness_deploy.keeper.processes import Identity, alive, identity

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux
_BACKLOG = 4096
_ATTEMPTS, _INSTANT = 5, 0.02
_LONGEST_BACKOFF = 2.0
_STEADY = 5.0
_BEGINS_WITHIN = 60.0
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class CannotHold(Exception):
    """The keeper cannot begin. The text says what was wanted and what was found."""


class Taken(CannotHold):
    """Another keeper has the folder."""


def claim(root: Path, *, wait: bool) -> int:
    """The lock of this folder, as a descriptor: one keeper for one folder. Raises Taken.

    With `wait`, until the keeper that is there ends: a supervisor may then start a holder beside a living worker.
    """
    handle = os.open(root / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if wait:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        # Whoever only asks whether there is a keeper has the lock for an instant, too.
        time.sleep(_INSTANT)
    os.close(handle)
    raise Taken(f"a keeper of {root} runs already")


def bind(root: Path) -> tuple[socket.socket, socket.socket]:
    """The socket for traffic, as keeper.json says, and the one for commands. Raises CannotHold."""
    try:
        listen = json.loads((root / "keeper.json").read_text("utf-8"))["listen"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise CannotHold(f"{root / 'keeper.json'} does not say where to listen: {fault}") from None
    host, _, port = str(listen).rpartition(":")
    host = host.strip("[]")
    traffic = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        traffic.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        traffic.bind((host, int(port)))
        traffic.listen(_BACKLOG)
    except (OSError, ValueError, OverflowError) as fault:
        traffic.close()
        raise CannotHold(f"cannot listen on {listen}: {getattr(fault, 'strerror', None) or fault}") from None
    try:
        return traffic, _bind_control(root)
    except OSError as fault:
        traffic.close()
        raise CannotHold(f"cannot listen on {root / 'control.sock'}: {fault.strerror or fault}") from None


def _bind_control(root: Path) -> socket.socket:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink("control.sock", dir_fd=folder)
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # An address by way of the folder's descriptor: the kernel takes 107 bytes, and state folders lie deep.
        control.bind(f"/proc/self/fd/{folder}/control.sock")
        os.chmod("control.sock", 0o600, dir_fd=folder)
        control.listen(_BACKLOG)
    finally:
        os.close(folder)
    return control


class Holder:
    """Holds the sockets and one worker. `adopted` is a worker that lives already; this holder is then its child.
    Without it, a channel leads to a worker that handed over and serves until another one does."""

    def __init__(
        self,
        root: Path,
        held: channel.Sockets,
        *,
        program: Sequence[str] = channel.PROGRAM,
        adopted: Identity | None = None,
    ) -> None:
        self._root, self._held, self._program = root, held, program
        self._worker: Identity | None = adopted
        given = socket.socket(fileno=held.channel) if held.channel >= 0 else None
        self._channel: socket.socket | None = given if adopted else None
        self._before: socket.socket | None = None if adopted else given
        self._heard = b""
        self._pidfd = -1
        self._stopping = self._ended = False
        self._failures, self._began, self._next = 0, time.monotonic(), 0.0
        self._besides: dict[str, str] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._waker = wake

    def run(self) -> int:
        """Hold until told to end, or until there is no use in going on. Returns the exit code."""
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (*_HEARD, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)  # see `_begin_anew`
        self._selector.register(self._wake, selectors.EVENT_READ, "wake")
        if self._worker is not None:
            self._attend(self._worker)
        while True:
            code = self._settle()
            if code is not None:
                return code
            due = max(0.0, self._next - time.monotonic()) if self._worker is None else None
            if self._worker is not None and self._before is not None:
                due = max(0.0, self._began + _BEGINS_WITHIN - time.monotonic())
            for key, _ in self._selector.select(due):
                self._serve(key.data)

    def _serve(self, what: str) -> None:
        if what == "wake":
            self._signals()
        elif what == "channel":
            self._listen()

    def _signals(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in self._wake.recv(4096):
                if number in (signal.SIGTERM, signal.SIGINT):
                    self._stopping = True
                    self._say(channel.STOP)
                elif number == signal.SIGHUP:
                    self._say(channel.RENEW)

    def _settle(self) -> int | None:
        """Bury the dead, and see that a worker lives. An exit code where this was all."""
        code = self._bury()
        if self._worker is not None and self._before is not None and time.monotonic() > self._began + _BEGINS_WITHIN:
            # It lives and does nothing. The one before it has given up steering, and does it again when this one ends.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._worker.pid, signal.SIGKILL)
        if self._worker is not None and not alive(self._worker):
            self._listen()  # its last words may not have been read yet
            self._worker = None
            self._forget_channel()
            if self._ended or code == channel.EX_UNUSABLE:
                return 0 if self._ended else channel.EX_UNUSABLE
            if self._is_awaited():
                if self._stopping:
                    self._tell_before(channel.STOP)
                return 1
            self._failures = 0 if time.monotonic() - self._began > _STEADY else self._failures + 1
            again = min(_LONGEST_BACKOFF, 0.05 * 2**self._failures) if self._failures > 1 else 0.0
            self._next = time.monotonic() + again
        if self._worker is None and time.monotonic() >= self._next:
            self._start()
        return None

    def _bury(self) -> int | None:
        """Take note of every child that ended. Returns the worker's exit code if it is among them."""
        worker = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return worker
            if not pid:
                return worker
            code = os.waitstatus_to_exitcode(status)
            if self._worker is not None and pid == self._worker.pid:
                worker = code
            else:
                self._say(f"{channel.REAPED} {pid} {code}")

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        handed = channel.Sockets(self._held.listen, self._held.control, self._held.lock, theirs.fileno())
        try:
            process = subprocess.Popen(
                [*self._program, "work", str(self._root), *handed.words()],
                pass_fds=handed.all(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as fault:
            sys.stderr.write(f"readiness keeper: the worker cannot be started: {fault}\n")
            self._failures += 1
            self._next = time.monotonic() + _LONGEST_BACKOFF
            return
        finally:
            theirs.close()
        self._began = time.monotonic()
        self._channel = ours
        self._attend(identity(process.pid) or Identity(process.pid, -1))
        process.returncode = 0  # it is buried with all the others
        if self._stopping:
            self._say(channel.STOP)

    def _is_awaited(self) -> bool:
        """Whether a worker that handed over still waits for another one to begin. It brings a holder where this one
        ends, and serves on."""
        if self._before is None:
            return False
        try:
            return bool(self._before.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _relieve(self) -> None:
        if self._before is not None:
            self._tell_before(channel.RELIEVED)
            self._before.close()
            self._before = None

    def _tell_before(self, word: str) -> None:
        """Tell the worker that handed over."""
        if self._before is not None:
            with contextlib.suppress(OSError):
                self._before.send(f"{word}\n".encode())

    def _attend(self, worker: Identity) -> None:
        self._worker = worker
        assert self._channel is not None  # noqa: S101 - made before
        self._channel.setblocking(False)
        self._selector.register(self._channel, selectors.EVENT_READ, "channel")
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(worker.pid)
            self._selector.register(self._pidfd, selectors.EVENT_READ, "worker")

    def _forget_channel(self) -> None:
        if self._pidfd >= 0:
            self._selector.unregister(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._channel is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._channel)
            self._channel.close()
            self._channel = None
        self._heard = b""

    def _listen(self) -> None:
        if self._channel is None:
            return
        try:
            said = self._channel.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._channel)
            return
        *lines, self._heard = (self._heard + said).split(b"\n")
        for line in lines:
            word, _, rest = line.decode().partition(" ")
            if word == channel.VARIABLES:
                self._besides = json.loads(rest)
            elif word == channel.BEGAN:
                self._relieve()
            elif word == channel.HANDOVER:
                self._begin_anew()
            elif word == channel.ENDED:
                self._ended = True

    def _begin_anew(self) -> None:
        """Become the holder of today's program, in the same process and with the same sockets, which starts a worker.
        The worker that handed over ends by itself when that one serves; where the channel to it breaks before, it goes
        on."""
        assert self._channel is not None  # noqa: S101 - it was heard over it
        if self._stopping:  # which a new program would not know
            self._say(channel.STOP)
            return
        self._relieve()  # one from before the worker that now hands over
        self._selector.unregister(self._channel)
        self._before, self._channel = self._channel, None
        self._forget_channel()
        held = channel.Sockets(self._held.listen, self._held.control, self._held.lock, self._before.fileno())
        self._worker, self._next, self._failures = None, 0.0, 0
        words = [*self._program, "hold", str(self._root), *held.words(), "-"]
        for fd in held.all():
            os.set_inheritable(fd, True)
        # A new program has no handlers at first, and what it is told then would end it. What is blocked waits for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        signal.set_wakeup_fd(-1)
        try:
            os.execve(words[0], words, {**os.environ, **self._besides})  # noqa: S606 - no shell, our own program
        except OSError as fault:
            sys.stderr.write(f"readiness keeper: the holder cannot begin anew, and goes on: {fault}\n")
            signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)

    def _say(self, words: str) -> None:
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send(f"{words}\n".encode())
