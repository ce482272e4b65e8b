"""What to look at: environments from settings, from paths, or from what is found here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from readiness.config.environment import Environment
from readiness.engine.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Choice:
    """The flags that say what to look at and what is allowed."""

    environment: str = ""
    service: str = ""
    settings: Path | None = None
    repository_checks: Path | None = None
    run_commands: bool = False
    inline_waivers: bool = True
    as_of: datetime | None = None
    kubernetes: str = ""
    set_: tuple[str, ...] = ()

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> Choice:
        settings: Path | None = flags["settings"]
        if settings is not None and not settings.is_file():
            raise click.UsageError(f"--settings {settings}: there is no such file")
        own_checks = _own_checks(settings)
        trusted = flags["trust_repository_checks"]
        if trusted and not own_checks.is_dir():
            # Whoever deletes the folder would otherwise take its checks out of the gate unseen.
            raise click.UsageError(f"--trust-repository-checks: there is no folder {own_checks}")
        return cls(
            environment=flags["env"] or "",
            service=flags["service"] or "",
            settings=settings,
            repository_checks=own_checks if trusted else None,
            run_commands=flags["run_commands"],
            inline_waivers=not flags["no_inline_waivers"],
            as_of=_time(flags["as_of"]),
            kubernetes=flags["kubernetes"] or "",
            set_=flags["set_"],
        )


def options(command: F) -> F:
    """The flags that every command about environments takes."""
    env = click.option("--env", "-e", metavar="NAME", help="The environment; all of them where none is named.")
    return env(options_but_env(command))


def options_but_env(command: F) -> F:
    """The same without `--env`, for a command that wants it otherwise."""
    for option in reversed(
        [
            click.option("--service", metavar="NAME", help="The service; all of them where none is named."),
            click.option(
                "--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.  [readiness.yaml]"
            ),
            click.option("--kubernetes", metavar="1.NN", help="Target version, over what the settings say."),
            click.option(
                "--set", "set_", multiple=True, metavar="CHECK.SETTING=VALUE", help="A check's setting; repeatable."
            ),
            click.option("--as-of", metavar="TIME", help="The time that the verdict is for (ISO 8601).  [now]"),
            click.option("--run-commands", is_flag=True, help="Allow the project's own commands (tests, linter …)."),
            click.option(
                "--trust-repository-checks", is_flag=True, help="Allow the Python checks in .readiness/checks."
            ),
            click.option("--no-inline-waivers", is_flag=True, help="Do not heed waivers in comments."),
        ]
    ):
        command = option(command)
    return command


def environments(choice: Choice, paths: tuple[str, ...], checks: Registry) -> tuple[Environment, ...]:
    """What the caller wants looked at. Raises SettingsError, or a usage error."""
    from readiness.config import discover, load, overrides, surroundings

    if paths:
        if choice.environment or choice.settings or choice.service:
            raise click.UsageError(
                "PATHS are checked as they are; --env, --service and --settings are for what the settings declare"
            )
        found = discover.given(paths, Path.cwd())
    else:
        path = choice.settings or load.find(Path.cwd())
        if path is not None:
            loaded = load.load(path, checks.checks, surroundings.variables())
            found = load.choose(loaded, choice.service, choice.environment)
        else:
            found = discover.here(Path.cwd(), choice.environment)
    made = (overrides.apply(e, checks.checks, choice.kubernetes, choice.set_) for e in found)
    return tuple(overrides.noted(e, *_notes(choice)) for e in made)


def _notes(choice: Choice) -> list[str]:
    notes = []
    if choice.as_of:
        notes.append(
            f"judged as of {choice.as_of.isoformat(timespec='seconds')}: what has expired since counts as valid"
        )
    if choice.repository_checks is None and _own_checks(choice.settings).is_dir():
        notes.append("checks in .readiness/checks were not run: --trust-repository-checks allows it")
    return notes


def _own_checks(settings: Path | None) -> Path:
    return (settings.parent if settings else Path()) / ".readiness" / "checks"


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--as-of wants a time such as 2026-11-21T12:00:00Z, found {text!r}") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
