"""Tells others what happens: webhooks and commands. None of them can delay a rollout, or fail it.

Each receiver has a queue and a thread of its own, so that one which hangs holds up nobody else. A message is said once;
one that does not arrive is told to the caller, once for each receiver, and never said again.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from readiness import http
from readiness.config.deploy import Notification
from readiness.history.background import Background
from readiness.sources import programs
from readiness.sources.redaction import Redactor
from readiness_deploy.ports import Journal
from readiness_deploy.record import Intent
from readiness_deploy.references import Unresolved, reveal

CLOSING = 4.0
"""Seconds, at most, that the end of a run waits for messages that are under way."""
_ENDING = 0.5
_WAITING = 100
_ANSWER = 64 << 10
_LARGEST = 64 << 10
_SYSTEM = "/usr/bin:/bin:/usr/sbin:/sbin"
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR")
_FIELDS = ("service", "environment", "run", "release", "version")


@dataclass(frozen=True, slots=True)
class Message:
    """One event, as receivers get it: a JSON object, and its name in the spelling of settings."""

    event: str
    body: bytes
    about: Mapping[str, str]


class Notifier:
    """A journal that sends. It never raises and never waits; `close` waits a bounded time.

    `about` says what each message is about (service, environment, run, release, version …); what an event says of these
    itself wins. `root` is the folder of the settings. `warn` gets one sentence for each receiver that did not get
    something.
    """

    def __init__(
        self,
        wanted: Sequence[Notification],
        about: Mapping[str, str],
        *,
        root: Path,
        surroundings: Mapping[str, str],
        redact: Callable[[str], str],
        warn: Callable[[str], None] = lambda _text: None,
        stamp: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="milliseconds"),
    ) -> None:
        self._about, self._redact, self._stamp = about, redact, stamp
        self._receivers = [
            _Receiver(number, one, root, surroundings, redact, warn) for number, one in enumerate(wanted, 1)
        ]

    def note(self, what: str, **details: Any) -> None:
        """One event, to everybody whose settings name it: `rolled back` is `rolled-back` there."""
        event = what.replace(" ", "-")
        hearing = [r for r in self._receivers if r.wants(event)]
        if not hearing:
            return
        with contextlib.suppress(Exception):
            message = self._message(event, details)
            for receiver in hearing:
                receiver.put(message)

    def close(self, within: float = CLOSING) -> None:
        """Let what is under way arrive, for at most so many seconds for all together; then end it."""
        deadline = time.monotonic() + within
        for receiver in self._receivers:
            receiver.shut()
        late = [r for r in self._receivers if not r.close(max(0.0, deadline - time.monotonic()))]
        for receiver in late:
            receiver.stop()
        # A command ends at once; a server that says nothing holds a thread that ends with the process.
        deadline = time.monotonic() + _ENDING
        for receiver in late:
            receiver.close(max(0.0, deadline - time.monotonic()))

    def _message(self, event: str, details: Mapping[str, Any]) -> Message:
        about = {name: str(details.get(name) or self._about.get(name, "")) for name in {*_FIELDS, *self._about}}
        rest = {name: value for name, value in details.items() if name not in about}
        whole: dict[str, Any] = {"text": _sentence(event, about, rest), "event": event, "at": self._stamp(), **about}
        body = json.dumps({**whole, "details": rest}, default=str, sort_keys=True)
        if len(body) > _LARGEST:
            body = json.dumps({**whole, "text": whole["text"][:1000], "details": {}, "cut": True}, sort_keys=True)
        return Message(event, self._redact(body).encode(), {n: self._redact(v) for n, v in about.items()})


def carried(wanted: Iterable[Notification]) -> tuple[Notification, ...]:
    """Those that a record may name, so that whoever goes on with a run can tell them: an address that is written down
    in the settings would lie in the record as well, and is a secret as a rule."""
    return tuple(one for one in wanted if not isinstance(one.webhook, str))


def heir(intent: Intent, surroundings: Mapping[str, str], warn: Callable[[str], None]) -> Notifier:
    """Who tells of a run that another process began, as its intent says. Settings that cannot be read are warned of."""
    wanted, secrets = [], {}
    root = Path(intent.root or "/")
    for number, said in enumerate(intent.notify, 1):
        try:
            wanted.append(one := Notification.model_validate(said))
        except ValueError:
            warn(f"notification {number} of the run cannot be read: another version wrote it")
            continue
        if one.webhook is not None:
            with contextlib.suppress(Unresolved):
                secrets[f"webhook {number}"] = reveal("its address", one.webhook, surroundings, root)
    about = {
        "service": intent.service, "environment": intent.environment, "run": intent.run,
        "release": intent.release.id, "version": intent.release.version,
    }  # fmt: skip
    return Notifier(wanted, about, root=root, surroundings=surroundings, redact=Redactor(secrets), warn=warn)


class Several:
    """One journal that is several. What one of them does wrong does not reach the others, nor the caller."""

    def __init__(self, journals: Iterable[Journal]) -> None:
        self._journals = tuple(journals)

    def note(self, what: str, **details: Any) -> None:
        """One event, to all of them."""
        for journal in self._journals:
            with contextlib.suppress(Exception):
                journal.note(what, **details)


class _Receiver:
    """One webhook or command with what waits for it."""

    def __init__(
        self,
        number: int,
        wanted: Notification,
        root: Path,
        surroundings: Mapping[str, str],
        redact: Callable[[str], str],
        warn: Callable[[str], None],
    ) -> None:
        self._wanted, self._root, self._surroundings = wanted, root, surroundings
        self._redact, self._warn = redact, warn
        self._name = f"notification {number} ({'webhook' if wanted.webhook is not None else 'command'})"
        self._warned = False
        self._stopped = threading.Event()
        self._background: Background[Message] = Background(f"notify-{number}", self._send, self._hang_up, most=_WAITING)
        self._connection: tuple[str, http.Sender] | None = None

    def wants(self, event: str) -> bool:
        return any(fnmatchcase(event, pattern.replace(" ", "-")) for pattern in self._wanted.on)

    def put(self, message: Message) -> None:
        if not self._background.put(message):
            self._tell(message, "too many messages wait for it")

    def shut(self) -> None:
        """Take nothing more; what is there goes on."""
        self._background.shut()

    def close(self, within: float) -> bool:
        """Wait so many seconds for what is there. Whether all of it was sent, or tried."""
        return self._background.close(within)

    def stop(self) -> None:
        """End what is under way, and forget what waits."""
        self._stopped.set()
        self._say(f"{self._name} did not get everything: it took longer than the end of a run waits")

    def _send(self, message: Message) -> None:
        if self._stopped.is_set():
            return
        try:
            fault = self._post(message) if self._wanted.webhook is not None else self._run(message)
        except Exception as wrong:  # noqa: BLE001 - a receiver's fault is told, whatever it is
            fault = type(wrong).__name__
        if fault and not self._stopped.is_set():
            self._tell(message, fault)

    def _post(self, message: Message) -> str:
        assert self._wanted.webhook is not None, "asked before"  # noqa: S101
        try:
            address = reveal("its address", self._wanted.webhook, self._surroundings, self._root)
        except Unresolved as fault:
            return str(fault)
        if not address.startswith(("http://", "https://")):
            return "its address begins with neither http:// nor https://"
        try:
            status = self._sender(address).post(message.body).status
        except http.TooLarge:
            self._hang_up()
            return "its answer is larger than anybody reads"
        except http.NoAnswer as fault:
            self._hang_up()
            return str(fault)
        return "" if 200 <= status < 300 else f"it answered {status}, wanted 200 to 299; redirects are not followed"

    def _sender(self, address: str) -> http.Sender:
        """One for all messages: to make it ready for TLS takes longer than most messages do."""
        if self._connection is None or self._connection[0] != address:
            self._hang_up()
            seconds = self._wanted.timeout
            bounds = http.Bounds(connect=seconds, seconds=seconds, size=_ANSWER)
            self._connection = (address, http.Sender(address, bounds=bounds))
        return self._connection[1]

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection[1].close()

    def _run(self, message: Message) -> str:
        command = self._wanted.command or []
        if not command:
            return "it is an empty command"
        path = self._surroundings.get("PATH")
        program = str(self._root / command[0]) if "/" in command[0] else programs.find(command[0], path=path)
        if program is None:
            return f"there is no program {command[0]} on PATH"
        argv = [*_limit(self._wanted.timeout), program, *command[1:]]
        ran = programs.run(
            argv[0],
            argv[1:],
            cwd=self._root,
            environment=self._environment(message),
            stdin=message.body,
            bounds=programs.Bounds(seconds=self._wanted.timeout, memory=4 << 30, output=_ANSWER, drop=True),
            isolated=False,
            stopped=self._stopped.is_set,
        )
        return "" if ran.ok else self._redact(ran.said)[:300]

    def _environment(self, message: Message) -> dict[str, str]:
        kept = {name: self._surroundings[name] for name in _PASSED_ON if name in self._surroundings}
        told = {f"READINESS_{name.upper()}": value for name, value in message.about.items()}
        return {**kept, **told, "READINESS_EVENT": message.event}

    def _tell(self, message: Message, fault: str) -> None:
        self._say(f"{self._name} did not get `{message.event}`: {fault}")

    def _say(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            with contextlib.suppress(Exception):
                self._warn(self._redact(text))


def _limit(seconds: float) -> tuple[str, ...]:
    """The words that end a command after its time even where this process was killed before."""
    timeout = programs.find("timeout", path=_SYSTEM)
    return (timeout, "--kill-after=1", f"{seconds + 1:g}") if timeout else ()


def _sentence(event: str, about: Mapping[str, str], rest: Mapping[str, Any]) -> str:
    """The event for people; chats that take webhooks show the field `text`."""
    where = " · ".join(filter(None, (about.get("service"), about.get("environment"))))
    release = about.get("version") or about.get("release")
    why = rest.get("why") or rest.get("reason")
    head = f"{where}: {event.replace('-', ' ')}" if where else event.replace("-", " ")
    return head + (f" {release}" if release else "") + (f": {why}" if why else "")
