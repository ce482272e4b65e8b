"""The keeper from outside: started, asked how it is, stopped, upgraded, and handed to the supervisor of the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from readiness.config.surroundings import variables
from readiness_deploy.keeper import channel
from readiness_deploy.keeper.client import Connection, Declined, Unreachable, ask
from readiness_deploy.keeper.entry import BadEntry, context_for, entry_from
from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.haproxy_text import program as haproxy
from readiness_deploy.keeper.processes import variables_of

_TICK = 0.02
_ENDS_WITHIN = 120.0
_HEARS_WITHIN = 10.0
_LAST_BYTES = 4096
_WORDS_OF_A_WORKER = 6  # `work`, the folder, and Sockets.words


class Failure(Exception):
    """The keeper could not be started, or does not end. The text says what to do."""


def start(
    state: Path,
    entry: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = channel.PROGRAM,
    within: float = 15.0,
) -> dict[str, Any]:
    """Have a keeper run for this state folder, and return what it says of itself. Nothing to do where one does, also
    where somebody else was faster; one that is ending is waited for.

    `entry` is the settings' `entry`. `environment` is what references to variables are resolved from, and this process'
    own where it is not given. Raises Failure; also where a keeper runs that listens elsewhere.
    """
    folder, deadline = Folder(state), time.monotonic() + _ENDS_WITHIN
    while (running := _lasting(state, within, deadline)) is None:
        _prepare(folder, entry, environment)
        if _begun(state, environment, program, within):
            return _until_it_answers(folder, within)
    _same(running, entry, state)
    return running


def _lasting(state: Path, within: float, deadline: float) -> dict[str, Any] | None:
    """As `status`, and one that is ending has ended before the deadline. Raises Failure."""
    while (running := status(state, within=within)) is not None and is_ending(running):
        if time.monotonic() > deadline:
            raise Failure(f"the keeper of {state} is ending, and takes its time; see {Folder(state).keeper_log}")
        time.sleep(_TICK)
    return running


def is_ending(about: Mapping[str, Any]) -> bool:
    """Whether this keeper, by what it says of itself, takes no more requests and is about to be gone."""
    return about.get("leaving", "") not in ("", channel.HANDOVER)


def _begun(state: Path, environment: Mapping[str, str] | None, program: Sequence[str], within: float) -> bool:
    """Whether a holder began for this folder; False where another one was faster. Raises Failure."""
    try:
        made = subprocess.run(
            [*program, "hold", str(state), "--daemon"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environment) if environment is not None else None,
            timeout=within,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise Failure(f"the keeper cannot be started: {fault}") from None
    if made.returncode not in (0, channel.EX_TAKEN):
        said = made.stderr.decode("utf-8", "replace").strip() or f"it ended with {made.returncode}"
        raise Failure(said.removeprefix("readiness keeper: "))
    return not made.returncode


def status(state: Path, *, within: float = 5.0) -> dict[str, Any] | None:
    """What the keeper of this folder says of itself; None where there is none. Raises Failure where one hangs."""
    if not _held(Folder(state)):
        return None
    deadline = time.monotonic() + within
    while True:
        try:
            return ask(state, "hello", within=max(0.1, deadline - time.monotonic()))
        except Unreachable as fault:
            if not _held(Folder(state)):
                return None
            if time.monotonic() > deadline:
                raise Failure(f"a keeper holds {state}, and does not answer: {fault}. {_way_out(state)}") from None
            time.sleep(_TICK)


def stop(state: Path, *, colours: bool = True, within: float = _ENDS_WITHIN) -> bool:
    """End the keeper: requests in flight end by themselves, then the colours do. False where none ran.

    With `colours` false, the colours run on, and the next keeper takes them over; nothing listens for users meanwhile.
    Raises Failure where it does not end in time.
    """
    folder = Folder(state)
    if not _held(folder):
        return False
    deadline, first = time.monotonic() + within, 0
    try:
        with Connection(state) as keeper:
            first = int(keeper.call("hello", within=_HEARS_WITHIN)["pid"])
            keeper.call("shutdown", within=_HEARS_WITHIN, colours=colours)
    except (Unreachable, Declined) as fault:
        if _held(folder) and not isinstance(fault, Declined):
            raise Failure(f"the keeper cannot be asked to end: {fault}. {_way_out(state)}") from None
    # A holder that stood by takes the folder at once: then another worker answers, and the first keeper has ended.
    while _held(folder) and (_worker(state) or first) == first:
        if time.monotonic() > deadline:
            raise Failure(f"the keeper did not end within {within:g} s; see {folder.keeper_log}")
        time.sleep(_TICK)
    return True


def _way_out(state: Path) -> str:
    """What ends a keeper that does not answer, in words."""
    found = " ".join(map(str, _holding(Folder(state))))
    if not found:
        return "Ask again."
    return (
        f"Ask again; where that does not help, `kill -9 {found}` ends it: what it deployed runs on, "
        "and `readiness keeper start` takes that over"
    )


def _holding(folder: Folder) -> list[int]:
    """The processes that have the lock of this folder: a holder and its workers, whatever state they are in."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # those of others, and those that end meanwhile
            if any(_has_lock(process, handle.name, folder.lock) for handle in (process / "fd").iterdir()):
                found.append(int(process.name))
    return sorted(found)


def _has_lock(process: Path, handle: str, lock: Path) -> bool:
    """Whether the lock is taken by way of this descriptor; one that waits for it has it open, too."""
    with contextlib.suppress(OSError):
        return (process / "fd" / handle).samefile(lock) and "FLOCK" in (process / "fdinfo" / handle).read_text()
    return False


def _worker(state: Path) -> int:
    """The process id of the worker that answers; 0 where none does."""
    try:
        return int(ask(state, "hello", within=1.0)["pid"])
    except (Unreachable, Declined, KeyError, ValueError):
        return 0


def upgrade(state: Path, *, besides: Mapping[str, str] | None = None, within: float = 15.0) -> dict[str, Any]:
    """Replace the running keeper by the program that is installed now, without closing a socket; with these variables
    `besides` its own. Raises Failure."""
    before = status(state)
    if before is None:
        raise Failure(f"no keeper runs for {state}: start it")
    _try(state, int(before["pid"]), besides or {}, within)
    try:
        ask(state, "handover", variables=dict(besides or {}))
    except Declined as fault:
        raise Failure(f"the keeper does not hand over: {fault}") from None
    except Unreachable as fault:
        if not fault.sent:
            raise Failure(f"the keeper cannot be asked to hand over: {fault}") from None
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        now = status(state, within=left)
        if now is not None and now["pid"] != before["pid"]:
            found = variables_of(int(now["pid"]))
            missing = [
                name for name, value in (besides or {}).items() if found is not None and found.get(name) != value
            ]
            if missing:
                raise Failure(f"the keeper was replaced, and did not take {', '.join(missing)} along")
            return now
        if now is not None and now.get("stayed", 0) > before.get("stayed", 0):
            log = Folder(state).keeper_log
            raise Failure(f"the keeper goes on as it was, since no other began; why is in {log}")
        time.sleep(_TICK)
    raise Failure(f"no new worker answered within {within:g} s; see {Folder(state).keeper_log}")


def _try(state: Path, worker: int, besides: Mapping[str, str], within: float) -> None:
    """Have the program that this worker's successor will be say whether it could begin. Raises Failure where not."""
    try:
        words = Path(f"/proc/{worker}/cmdline").read_bytes().split(b"\0")[:-1]
        made = subprocess.run(
            [*words[:-_WORDS_OF_A_WORKER], b"try", os.fsencode(state)],
            cwd=f"/proc/{worker}/cwd",
            env={**(variables_of(worker) or {}), **besides},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=within,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise Failure(f"whether the installed program could begin cannot be tried: {fault}") from None
    if made.returncode:
        said = made.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it ended with {made.returncode}"]
        raise Failure(
            "the program that is installed now cannot begin, and the keeper goes on as it was: "
            + said[-1].removeprefix("readiness keeper: ")
        )


def unit(state: Path, *, description: str, environment_file: str = "", python: str = sys.executable) -> str:
    """A systemd unit that keeps this folder's keeper, and brings the same colour back after a reboot.

    `KillMode=process`: where systemd loses the holder, the colours and the worker go on serving and bring another
    holder; the one that systemd starts then waits for its turn. That they end with `systemctl stop` is the work of
    `ExecStop`, which returns when the last colour has ended.
    """
    folder = Folder(state)
    command = " ".join(map(_unit_word, (python, "-m", "readiness_deploy.keeper")))
    where = _unit_word(str(folder.root))
    lines = [
        "[Unit]",
        f"Description={description.replace('%', '%%')}",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={command} hold {where} --wait",
        f"ExecStop={command} stop {where}",
        *([f"EnvironmentFile={environment_file.replace('%', '%%')}"] if environment_file else []),
        "KillMode=process",
        "TimeoutStopSec=5min",
        "Restart=always",
        "RestartSec=1",
        f"RestartPreventExitStatus={channel.EX_UNUSABLE}",
        "UMask=0077",
        "LimitNOFILE=65536",
        "OOMScoreAdjust=-500",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def _unit_word(word: str) -> str:
    """One argument in a command of a unit: systemd expands specifiers (%) and variables ($), also in quotes, and reads
    escapes as C does (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting")."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./$-]+", plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _prepare(folder: Folder, entry: Mapping[str, Any], environment: Mapping[str, str] | None) -> None:
    try:
        wanted = entry_from(entry)
        if wanted.carrier == "haproxy":
            haproxy((variables() if environment is None else environment).get("PATH", ""))
        if wanted.tls is not None:
            context_for(wanted.tls)
        folder.make()
        Files().jot(folder.settings, msgspec.json.encode(dict(entry)))
    except BadEntry as fault:
        raise Failure(str(fault)) from None
    except OSError as fault:
        raise Failure(f"the state folder {folder.root} cannot be used: {fault.strerror or fault}") from None


def differing(state: Path, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of these settings of `entry` that differ from those that the keeper was started with."""
    try:
        known = msgspec.json.decode(Folder(state).settings.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        known = {}
    wanted = msgspec.json.decode(msgspec.json.encode(dict(entry)), type=dict[str, Any])
    return tuple(sorted(key for key in known.keys() | wanted.keys() if known.get(key) != wanted.get(key)))


def _same(running: Mapping[str, Any], entry: Mapping[str, Any], state: Path) -> None:
    """Whether the keeper that runs was started with these settings."""
    if differing(state, entry):
        listening = ", ".join(running.get("listening", []))
        raise Failure(
            f"a keeper runs for {state}, listening on {listening}, with other settings of `entry`: "
            "stop it and start it again, or leave them as they were"
        )


def _until_it_answers(folder: Folder, within: float) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not _held(folder):
            break
        try:
            return ask(folder.root, "hello", within=1.0)
        except Unreachable:
            time.sleep(_TICK)
    raise Failure(f"the keeper does not answer; it said last: {_last(folder.keeper_log)}")


def _held(folder: Folder) -> bool:
    """Whether a keeper lives that has this folder."""
    try:
        handle = os.open(folder.lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _last(path: Path) -> str:
    """The last lines of the keeper's log that are words of its own."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
            lines = file.read(_LAST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return "nothing"
    said = [line for line in lines if line.startswith("readiness keeper:")] or lines
    return (said or ["nothing"])[-1].removeprefix("readiness keeper: ")
