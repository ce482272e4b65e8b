"""Who else is told of a run: the history on this machine, and those whom the settings name. Neither can stop it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readiness.cli.deploying.ending import OUTCOMES, Ending

if TYPE_CHECKING:
    from readiness_deploy.record import Intent

    from readiness.cli.deploying.target import Target
    from readiness.cli.deploying.work import Work
    from readiness.config.deploy import Notification
    from readiness.history import Journal


def history_of(target: Target) -> Path:
    """The file of a target's history."""
    return target.state / "history.db"


class Recording:
    """The journals of one run. `begin` where it begins here; else another process began it, and it is continued."""

    def __init__(self, work: Work) -> None:
        from readiness_deploy.notify import Notifier, carried
        from readiness_deploy.references import known

        from readiness.config import surroundings
        from readiness.history import Journal
        from readiness.sources.redaction import Redactor

        target = work.target
        redact = Redactor(known(target.settings, surroundings.variables(), target.environment.root))
        self._work = work
        self._history: Journal = Journal(history_of(target), work.run, redact=redact, warn=work.voice.aside)
        about = {"service": target.environment.service, "environment": target.environment.name, "run": work.run}
        if work.release is not None:
            about |= {"release": work.release.id, "version": work.release.version}

        def notifier(wanted: list[Notification]) -> Notifier:
            return Notifier(
                wanted,
                about,
                root=target.environment.root,
                surroundings=surroundings.variables(),
                redact=redact,
                warn=work.voice.aside,
            )

        # Those whom the record names hear from the guard what the guard does.
        both = carried(target.settings.notify)
        own, rest = notifier(list(both)), notifier([one for one in target.settings.notify if one not in both])
        self._notifiers = (own, rest)
        work.telling.also += [self._history, rest, self]
        work.telling.own.append(own)

    def begin(self, intent: Intent) -> None:
        """A run begins."""
        from readiness.history import Run

        environment = self._work.target.environment
        self._history.begin(
            Run(
                run=intent.run,
                service=environment.service,
                environment=environment.name,
                release=intent.release.id,
                version=intent.release.version,
                goal=intent.goal.value,
                by=intent.by,
                reason=intent.reason,
                plan=intent.plan,
                verdict=intent.verdict,
                committed=str(intent.release.details.get("committed", "")),
                started=intent.at,
            )
        )

    def end(self, ending: Ending) -> None:
        """The run came to rest, as far as this process saw it."""
        if ending.run:
            self._history.end(ending.outcome, ending.exit, ending.run)

    def note(self, what: str, **details: Any) -> None:
        """A run of somebody else that had to end before this one could begin ended so."""
        from readiness_deploy.states import PARKED, State

        if what == "settled" and details.get("run"):
            state = State(details["state"])
            self._history.end(OUTCOMES[state.value], PARKED[state], details["run"])

    def close(self) -> None:
        """Write and send what is left, within bounds."""
        from readiness_deploy.notify import CLOSING

        for notifier in self._notifiers:
            notifier.close(CLOSING / len(self._notifiers))
        self._history.close()


@contextmanager
def recording(work: Work) -> Iterator[Recording]:
    """The journals of the run that `work` is at, told of all that is noted until the end."""
    made = Recording(work)
    try:
        yield made
    finally:
        work.telling.also.clear()
        work.telling.own.clear()
        made.close()
