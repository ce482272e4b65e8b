"""The keeper's state folder: where each thing lies, and how a file in it is replaced without ever being half there."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from readiness_deploy.keeper.processes import identity
from readiness_deploy.ownership import refuse_strangers


@dataclass(frozen=True, slots=True)
class Folder:
    """The state folder of one service in one environment. Only its owner may look into it (0700)."""

    root: Path

    @property
    def route(self) -> Path:
        """The record. The one before it lies beside it."""
        return self.root / "route.json"

    @property
    def route_before(self) -> Path:
        return self.root / "route.json.1"

    @property
    def aside(self) -> Path:
        """What the keeper knows besides the record: processes, timers, requests. Worth nothing after a reboot."""
        return self.root / "keeper.own.json"

    @property
    def settings(self) -> Path:
        return self.root / "keeper.json"

    @property
    def root_of_settings(self) -> Path:
        """Whose this folder is where nobody chose it: the real path of the settings' folder."""
        return self.root / "settings.root"

    @property
    def id(self) -> Path:
        """What tells this keeper from all others, those that had its name on this machine before it too."""
        return self.root / "keeper.id"

    @property
    def lock(self) -> Path:
        return self.root / "keeper.lock"

    @property
    def socket(self) -> Path:
        return self.root / "control.sock"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def keeper_log(self) -> Path:
        return self.log / "keeper.log"

    def make(self) -> None:
        """Create what is missing, with the rights that it must have. Raises OSError."""
        refuse_strangers(self.root)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        self.log.mkdir(mode=0o700, exist_ok=True)

    def clear(self) -> None:
        """Take away what a process was writing when it died. Who lives may be writing now: two can start a keeper."""
        for left in self.root.glob(".*.new"):
            writer = left.name.split(".")[-2]
            if not (writer.isdecimal() and identity(int(writer))):
                with contextlib.suppress(OSError):
                    left.unlink()


def _temporary(name: str) -> str:
    """A name for what is yet to become this file: each thread of each process has its own."""
    return f".{name}.{threading.get_native_id()}.new"


def known_as(folder: Folder, files: Files) -> str:
    """The keeper's own id, made where it has none yet: 16 hexadecimal digits. Empty where it can be neither read nor
    written: traffic needs none, and migrations are refused without one."""
    with contextlib.suppress(OSError, ValueError):
        if found := folder.id.read_text("ascii").strip():
            return found
    made = secrets.token_hex(8)
    try:
        files.jot(folder.id, made.encode())
    except OSError:
        return ""
    return made


def short_address(socket: Path, folder_fd: int) -> str:
    """An address of this socket that fits: the kernel takes at most 107 bytes, and state folders lie deep."""
    return f"/proc/self/fd/{folder_fd}/{socket.name}"


class Files:
    """The steps in which files of the state folder change. Each is one effect, after which a process may die."""

    def write_temporary(self, path: Path, text: bytes) -> Path:
        """The text, on the disk, under a name of its own. Raises OSError; nothing is left behind then."""
        temporary = path.with_name(_temporary(path.name))
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
        except OSError:
            self._drop(temporary)
            raise
        return temporary

    def keep(self, path: Path, before: Path) -> None:
        """Give what lies at `path` a second name, so that the next step leaves it there. Nothing to do for no file."""
        second = before.with_name(_temporary(before.name))
        self._drop(second)
        try:
            os.link(path, second)
        except FileNotFoundError:
            return
        second.replace(before)
        # Where both were names of one file already, renaming did nothing.
        self._drop(second)

    def replace(self, temporary: Path, path: Path) -> None:
        """The step that counts: before it the old text is there, after it the new one. Raises OSError."""
        try:
            temporary.replace(path)
        except OSError:
            self._drop(temporary)
            raise

    def sync(self, folder: Path) -> None:
        """Have the names on the disk too. Raises OSError."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def jot(self, path: Path, text: bytes) -> None:
        """Replace a file that need not outlive a loss of power. Raises OSError."""
        temporary = path.with_name(_temporary(path.name))
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            temporary.replace(path)
        except OSError:
            self._drop(temporary)
            raise

    @staticmethod
    def _drop(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
