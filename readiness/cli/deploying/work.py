"""One verb at work on one target: it takes the lock, lets a run be walked, lets go, and says how it ended."""

from __future__ import annotations

import os
import pwd
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from readiness.cli.deploying import ending
from readiness.cli.deploying.door import NoKeeper
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.signals import Signals
from readiness.cli.deploying.target import Target
from readiness.cli.deploying.telling import Telling, telling
from readiness.cli.deploying.voice import Voice
from readiness.cli.exits import Exit
from readiness.config.faults import SettingsError
from readiness.report.text import brief

if TYPE_CHECKING:
    from readiness_deploy.bluegreen import End
    from readiness_deploy.ports import Holder, World
    from readiness_deploy.record import Intent, Record, Release

    from readiness.cli.deploying.door import Door


@dataclass(slots=True, kw_only=True)
class Work:
    """What one verb needs all along. `release` is what it is about, once that is known."""

    verb: str
    target: Target
    voice: Voice
    telling: Telling
    signals: Signals
    take_over: str = ""
    detach: bool = False
    release: Release | None = None
    run: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def took(self) -> float:
        return time.monotonic() - self.started

    def ended(self, outcome: str, exit_: int, why: str, record: Record | None = None, **more: Any) -> Ending:
        """An ending that no walk brought."""
        said: dict[str, Any] = {
            "run": self.run,
            "release": self.release.id if self.release else "",
            "version": self.release.version if self.release else "",
            "took": self.took,
            **(ending.what_serves(record) if record else {}),
            **more,
        }
        environment = self.target.environment
        return Ending(
            verb=self.verb,
            outcome=outcome,
            exit=exit_,
            service=environment.service,
            environment=environment.name,
            why=why,
            **said,
        )

    def parked(self, end: End, record: Record | None) -> Ending:
        """The ending of a walk."""
        self.run = end.run or self.run
        return ending.of(self.verb, end, self.target, record, release=self.release, took=self.took)


def who() -> str:
    """The person, or the account, behind this process, and the machine."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def new_run() -> str:
    """The name of a run: when it began, and what keeps two of one second apart."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def stamp() -> str:
    """Date and time in UTC (RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def holder(run: str) -> Holder:
    """This process, for whoever finds the lock taken."""
    from readiness_deploy.ports import Holder

    return Holder(by=who(), host=socket.gethostname(), pid=os.getpid(), run=run, since=stamp())


@contextmanager
def working(verb: str, target: Target, format_: str, **more: Any) -> Iterator[Work]:
    """A verb with its voice, its way of telling, and its signals. What ends it early is told by `finished`."""
    voice = Voice()
    told = telling(format_, target.name, voice)
    with Signals(_last_words(target), 1 if sys.stdout.isatty() else None) as signals:
        try:
            yield Work(verb=verb, target=target, voice=voice, telling=told, signals=signals, **more)
        finally:
            told.close()


def finished(work: Work, do: Callable[[], Ending]) -> int:
    """Do the verb's work, tell how it ended, and return the exit code. Whatever is raised is an ending too."""
    from readiness_deploy.ports import Busy, Refusal
    from readiness_deploy.releases import Broken, Unmade
    from readiness_deploy.requests import Refused

    try:
        end = do()
    except (Unmade, Broken) as fault:
        todo = work.target.command("deploy")
        end = work.ended("aborted", Exit.ABORTED, str(fault), meant="Nothing has moved.", next=todo)
    except Busy as busy:
        end = _busy(work, busy)
    except Refused as refused:
        end = work.ended("refused", Exit.REFUSED, str(refused), next=work.target.command("status"), meaning="see")
    except Refusal as refusal:
        end = _refusal(work, str(refusal))
    except NoKeeper as absent:
        todo = work.target.command("keeper start" if absent.served else "deploy")
        end = work.ended("no keeper", Exit.HELD if absent.served else Exit.REFUSED, str(absent), next=todo)
    except click.Abort:
        end = work.ended("aborted", Exit.ABORTED, "nobody agreed", meant="Nothing was changed.")
    except KeyboardInterrupt as stop:
        name = str(stop.args[0]) if stop.args else "SIGINT"
        end = work.ended("aborted", Exit.ABORTED, name, meant="Nothing was changed.")
    except (click.ClickException, SettingsError):
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, a rollout that it left is finished by `resume`
        end = _ours(work, fault)
    work.telling.end(end)
    return end.exit


def carry(work: Work, door: Door, act: Callable[[World], End], intent: Intent | None = None) -> Ending:
    """Take the lock, walk, let go. The last words are made of what the keeper holds then.

    `intent` is that of a run which begins here. Raises Busy, Refusal, Refused.
    """
    from readiness_deploy.ports import Lost

    from readiness.cli.deploying.recording import recording

    door.lock(holder(work.run), work.take_over)
    with recording(work) as told:
        if intent is not None:
            told.begin(intent)
        if work.take_over:
            work.telling.note("taken over", by=who(), reason=work.take_over)
        try:
            work.telling.seen(door.look())
            world = door.world(work)
            work.signals.walk()
            work.telling.follow(door.look)
            end = _seen_through(work, door, world, act(world), intent)
            work.telling.settle(door.look)
        finally:
            door.unlock()
        try:
            record = door.shown()
        except Lost:
            record = None
        ending_ = work.parked(end, record)
        told.end(ending_)
        return ending_


_TURNS = 50
"""Looks after a run that guard and deployer take from each other, before the deployer says that it lost it."""


def _seen_through(work: Work, door: Door, world: World, end: End, intent: Intent | None) -> End:
    """The end of a run that its guard took over after the commit point: watched while a guard is at it, told where one
    ended it, walked where none stays up. What another run or a person took over stays theirs. Raises Lost."""
    from readiness_deploy import bluegreen
    from readiness_deploy.ports import Busy
    from readiness_deploy.states import MOVED, Phase, State

    for _ in range(_TURNS):
        if end.state is not State.OUSTED:
            break
        found, record = door.look(), door.record()
        lock, last = found.get("lock"), record.last
        if record.intent is None and last is not None and last.run == end.run and last.outcome in _MOVED:
            return how_it_ended(work.verb, record, end.run)
        ours = record.intent is not None and record.intent.run == end.run and record.phase in (*MOVED, Phase.HELD)
        if not ours or (lock and not lock.get("guard")):
            break
        if record.phase in MOVED and not found.get("guard"):
            if lock:
                door.clock.sleep(0.1)  # a guard that died: its lock is freed in a moment
                continue
            try:
                door.lock(holder(work.run), "")
            except Busy:
                continue
            work.telling.note("watched by the deployer", run=end.run)
        end = bluegreen.walk(world, intent)
    return end


_MOVED = ("deployed", "rolled-back")


def how_it_ended(verb: str, record: Record, run: str) -> End:
    """The end of a run that is over, by the record, as this verb sees it: who wanted to deploy did not want the way
    back, whoever asked for it."""
    from readiness_deploy.bluegreen import End
    from readiness_deploy.states import State

    last = record.last
    assert last is not None, "the run is over"  # noqa: S101
    state = State.DONE if last.outcome == "deployed" else State(last.outcome)
    return End(state, last.reason, run, last.by_request and verb != "deploy")


def _refusal(work: Work, why: str) -> Ending:
    """The world said no where no walk could deal with it."""
    if work.signals.early:
        todo = work.target.command(work.verb)
        return work.ended(
            "aborted", Exit.ABORTED, why, meant="Nothing has moved.", next=todo, meaning="when it is mended"
        )
    todo = work.target.command("resume")
    return work.ended("held", Exit.HELD, why, known=False, next=todo, meaning="to finish what may be half done")


def _busy(work: Work, busy: Any) -> Ending:
    lock = busy.holder
    who_ = f"{lock.by} (process {lock.pid} on {lock.host}), since {lock.since}, run {lock.run or 'unnamed'}"
    return work.ended(
        "busy",
        Exit.BUSY,
        f"another release holds the lock: {who_}",
        next=work.target.command("status"),
        meaning="what it is at",
    )


def _ours(work: Work, fault: BaseException) -> Ending:
    from readiness.cli.program import written_down

    said = getattr(fault, "strerror", None) or str(fault)
    path = written_down(fault)
    return work.ended(
        "internal",
        Exit.INTERNAL,
        brief(
            f"{type(fault).__name__}{': ' + said if said else ''}" + (f"; what happened is in {path}" if path else "")
        ),
        next=work.target.command("resume"),
        meaning="to finish what may be half done",
    )


def _last_words(target: Target) -> Callable[[int], bytes]:
    text = f"stopped at once; what is under way is finished by: {target.command('resume')}\n".encode()
    return lambda _number: text
