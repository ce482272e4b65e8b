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
    from readiness_deploy.ports import Holder
    from readiness_deploy.record import Record, Release


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
    again: tuple[str, ...] = ()  # the flags with which the same would be asked again
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
        # What comes after a walk is a deploy: the flags of another verb are none of its own.
        again = self.again if self.verb == "deploy" else ()
        return ending.of(self.verb, end, self.target, record, release=self.release, took=self.took, again=again)


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
    voice = Voice(works=True)
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
        todo = work.target.command(work.verb, *work.again)
        end = work.ended(
            "aborted", Exit.ABORTED, str(fault), meant="Nothing has moved.", next=todo, meaning="when it is mended"
        )
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


def _refusal(work: Work, why: str) -> Ending:
    """The world said no where no walk could deal with it."""
    if work.signals.early:
        todo = work.target.command(work.verb, *work.again)
        return work.ended(
            "aborted", Exit.ABORTED, why, meant="Nothing has moved.", next=todo, meaning="when it is mended"
        )
    todo = work.target.command("resume")
    return work.ended("held", Exit.HELD, why, known=False, next=todo, meaning="to finish what may be half done")


def _busy(work: Work, busy: Any) -> Ending:
    lock = busy.holder
    if lock.guard:
        why = f"the guard watches run {lock.run or 'unnamed'} until its bake ends, or takes it back"
        return work.ended("busy", Exit.BUSY, why, next=work.target.command("status", "--watch"), meaning="to watch it")
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
