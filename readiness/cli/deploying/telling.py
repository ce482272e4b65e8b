"""Tells what happens in a rollout, as it happens: a live picture, one line per event, or one JSON object per event."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from readiness.cli.deploying import words
from readiness.cli.deploying.ending import FORMAT, Ending
from readiness.cli.deploying.picture import Picture
from readiness.cli.deploying.voice import Voice
from readiness.config import surroundings
from readiness.report.text import plain

if TYPE_CHECKING:
    from readiness_deploy.ports import Journal
    from rich.console import Console
    from rich.live import Live

Observe = Callable[[], Mapping[str, Any]]
_ONCE = frozenset({"switched", "baking", "committed", "returned", "rolled back", "held", "awaiting"})
# What the keeper tells and the record shows too, and what this process brought about itself.
_SEEN_ANYHOW = frozenset({"phase", "route moved", "lock lost", "asked", "guard done"})
_FRAME = ("n", "at", "what")
_LOOK = 0.25


class Show(Protocol):
    """One way of telling."""

    def event(self, what: str, details: Mapping[str, Any]) -> None: ...

    def seen(self, observation: Mapping[str, Any]) -> None: ...

    def show(self, lines: Sequence[str]) -> None: ...

    def end(self, ending: Ending) -> None: ...

    def close(self) -> None: ...


class Lines:
    """One line per event, for a pipe and for whoever does not want a picture. A gate that goes on saying the
    same is told once, unless it is bad."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._said: dict[tuple[str, str], str] = {}

    def _news(self, details: Mapping[str, Any]) -> bool:
        key, verdict = (str(details.get("gate")), str(details.get("who"))), str(details.get("verdict"))
        before, self._said[key] = self._said.get(key), verdict
        return verdict == "fail" or before != verdict

    def event(self, what: str, details: Mapping[str, Any]) -> None:
        if what == "measured" and not self._news(details):
            return
        if said := words.line(what, details):
            clock = datetime.now().astimezone().strftime("%H:%M:%S")
            self._voice.say(f"{clock} {said[0]:<11} {said[1]}".rstrip())

    def seen(self, observation: Mapping[str, Any]) -> None: ...

    def show(self, lines: Sequence[str]) -> None:
        self._voice.say("\n".join(map(plain, lines)))

    def end(self, ending: Ending) -> None:
        self._voice.say("\n" + "\n".join(ending.lines(styled(sys.stdout))))

    def close(self) -> None: ...


class Data:
    """One JSON object per event, and one at the end that has `"end": true`. Nothing else goes to standard output."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def event(self, what: str, details: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        more = {"result" if k == "event" else k: v for k, v in details.items() if k not in ("format", "at")}
        self._voice.data({"format": FORMAT, "at": at, "event": what.replace(" ", "-"), **more})

    def seen(self, observation: Mapping[str, Any]) -> None: ...

    def show(self, lines: Sequence[str]) -> None: ...

    def end(self, ending: Ending) -> None:
        self._voice.data(ending.data())

    def close(self) -> None: ...


class Drawn:
    """A picture that is drawn over. What could not be drawn is not missed by the rollout."""

    def __init__(self, voice: Voice, title: str) -> None:
        self._voice, self._picture = voice, Picture(title, time.monotonic())
        self._lock = threading.Lock()
        self._live: Live | None = None

    def event(self, what: str, details: Mapping[str, Any]) -> None:
        with self._lock:
            self._picture.note(what, details, time.monotonic())
        self._open()

    def seen(self, observation: Mapping[str, Any]) -> None:
        with self._lock:
            self._picture.seen(observation, time.monotonic())

    def show(self, lines: Sequence[str]) -> None:
        self._leave(keep=False)
        self._voice.say("\n".join(map(plain, lines)))

    def end(self, ending: Ending) -> None:
        self.close()
        self._voice.say("\n" + "\n".join(ending.lines(styled(sys.stdout))))

    def close(self) -> None:
        self._leave(keep=True)

    def _leave(self, *, keep: bool) -> None:
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(Exception):
                live.transient = not keep
                live.stop()

    def _open(self) -> None:
        if self._live is None:
            from rich.live import Live

            console = _console()
            self._live = Live(
                console=console,
                get_renderable=lambda: self._drawn(console),
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()

    def _drawn(self, console: Console) -> Any:
        from readiness.cli.deploying.drawing import draw

        with self._lock:
            return draw(self._picture, time.monotonic(), console.width)


class Telling:
    """What the rollout notes, and what is seen of it, from any thread, to one show and to the journals in `also`; those
    in `own` are told only what this process does itself. It is a journal itself: it never raises.

    What is noted here and seen too is told once. What the guard tells the keeper is heard when the keeper is looked at.
    """

    def __init__(self, show: Show) -> None:
        self._show, self._lock = show, threading.Lock()
        self.also: list[Journal] = []
        self.own: list[Journal] = []
        self._told_own: set[tuple[str, str]] = set()
        self._heard: int | None = None
        self._told: set[tuple[str, str]] = set()
        self._phase: str | None = None
        self._stop = threading.Event()
        self._follower: threading.Thread | None = None
        self._selected: str | None = None

    def note(self, what: str, **details: Any) -> None:
        """One event that this process brought about."""
        with self._lock:
            key = what, str(details.get("run", ""))
            news = what not in _ONCE or key not in self._told_own
            self._told_own.add(key)
            for journal in self.own if news else ():
                with contextlib.suppress(Exception):
                    journal.note(what, **details)
        self._tell(what, **details)

    def _tell(self, what: str, **details: Any) -> None:
        if isinstance(details.get("measurement"), Mapping):  # as the guard's journal has it
            details = {k: v for k, v in details["measurement"].items() if k != "at"}
        with self._lock, contextlib.suppress(Exception):
            run = str(details.get("run", ""))
            if what in _ONCE:
                if (what, run) in self._told:
                    return
                self._told.add((what, run))
            if what == "switched" and self._selected:
                details = {**details, "from": self._selected}
            for journal in self.also:
                with contextlib.suppress(Exception):
                    journal.note(what, **details)
            self._show.event(what, details)

    def follow(self, observe: Observe) -> None:
        """Look again and again, in a thread of its own, until `close`. Looks that fail are not told: the walk tells."""
        self._stop.clear()
        self._follower = threading.Thread(target=self._look, args=(observe,), name="follow", daemon=True)
        self._follower.start()

    def settle(self, observe: Observe) -> None:
        """Look a last time, and no more."""
        self._stop.set()
        if self._follower is not None:
            self._follower.join(2)
        with contextlib.suppress(Exception):
            self.seen(observe())

    def seen(self, observation: Mapping[str, Any]) -> None:
        """One answer of the keeper to `observe`."""
        record = observation.get("record") or {}
        self._hear(observation.get("journal") or [])
        for what, details in _meant(self._phase, record):
            self._tell(what, **details)
        self._phase = str(record.get("phase", ""))
        self._selected = record.get("selected") or self._selected
        with self._lock, contextlib.suppress(Exception):
            self._show.seen(observation)

    def _hear(self, events: Sequence[Mapping[str, Any]]) -> None:
        """The keeper's events since the last look; at the first one, only where they end."""
        last = max((int(e.get("n", 0)) for e in events), default=0)
        before, self._heard = self._heard, last
        if before is None:
            return
        for event in events:
            if int(event.get("n", 0)) > (before if last >= before else 0) and event.get("what") not in _SEEN_ANYHOW:
                details = {k: v for k, v in event.items() if k not in _FRAME}
                self._tell(str(event.get("what")), **details)

    def show(self, lines: Iterable[str]) -> None:
        """Text for a person, between events: a plan."""
        with self._lock, contextlib.suppress(Exception):
            self._show.show(list(lines))

    def end(self, ending: Ending) -> None:
        """The last words."""
        self.close()
        self._show.end(ending)

    def close(self) -> None:
        """Tell no more."""
        self._stop.set()
        if self._follower is not None and self._follower is not threading.current_thread():
            self._follower.join(2)
        self._show.close()

    def _look(self, observe: Observe) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(Exception):
                self.seen(observe())
            self._stop.wait(_LOOK)


def telling(format_: str, title: str, voice: Voice) -> Telling:
    """The way of telling that fits: JSON where it is asked for, a picture where somebody watches, else lines."""
    if format_ == "json":
        return Telling(Data(voice))
    if surroundings.live(sys.stdout):
        return Telling(Drawn(voice, title))
    return Telling(Lines(voice))


def styled(stream: Any) -> Callable[[str, str], str]:
    """Colours text for this stream, by the name of a style; leaves it as it is where there are no colours."""
    if not surroundings.colour(stream):
        return lambda text, _: text
    codes = {"good": "1;32", "bad": "1;31", "open": "1;33", "command": "1", "dim": "2", "blue": "1;34", "green": "1;32"}
    return lambda text, style: f"\x1b[{codes[style]}m{text}\x1b[0m" if style in codes else text


def _meant(before: str | None, record: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The events that a change of the record's phase means; none for the first look."""
    phase, intent, last = str(record.get("phase", "")), record.get("intent") or {}, record.get("last") or {}
    if before is None or before == phase:
        return []
    run, release = intent.get("run", ""), (intent.get("release") or {}).get("id", "")
    if phase == "converging":
        return [("switched", {"run": run, "release": release, "colour": record.get("selected")})]
    if phase == "baking":
        return [("baking", {"run": run, "seconds": (intent.get("bake") or {}).get("seconds")})]
    if phase == "returning":
        why = intent.get("ending", "")
        return [("returned", {"run": run, "release": release, "colour": record.get("selected"), "why": why})]
    if phase == "held":
        return [("held", {"run": run, "why": record.get("held", "")})]
    if phase == "stable" and last.get("outcome") == "deployed":
        return [("committed", {"run": last["run"], "release": last["release"]})]
    if phase == "stable" and last.get("outcome") == "rolled-back":
        return [("rolled back", {"run": last["run"], "why": last.get("reason", "")})]
    return []


class _Quiet:
    """A terminal that may go away while it is drawn on."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return sys.stdout.fileno()


def _console() -> Console:
    from rich.console import Console

    return Console(
        file=_Quiet(),  # type: ignore[arg-type]
        width=surroundings.width(sys.stdout),
        force_terminal=True,
        no_color=not surroundings.colour(sys.stdout),
        markup=False,
        highlight=False,
        emoji=False,
    )


def titled(*parts: str) -> str:
    """Parts of a title, as plain text."""
    return " · ".join(plain(p) for p in parts if p)
