"""Where a verb works: one environment of one service that says how it is shipped."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from readiness.config.deploy import DeploySettings
from readiness.config.environment import Environment

F = TypeVar("F", bound=Callable[..., Any])
SNIPPET = """\
    deploy:
      entry: {listen: 127.0.0.1:8080, timeout: 20}
      release:
        source: .
        prepare: []
      run:
        command: [./serve]              # listens on $PORT, answers GET /ready
        ready: {path: /ready}
        identity: {header: X-Release}   # answers with $READINESS_RELEASE
      gates:
        after:
          - {name: errors, traffic: {max-error-ratio: 0.01}}
          - {name: latency, traffic: {max-latency: 0.5}}
      bake: {seconds: 60}
"""
_WILD = re.compile(r"[^A-Za-z0-9._-]+")


class NoTarget(click.ClickException):
    """The settings do not say, in full, what is to be shipped. Nothing was done; the exit code is 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Target:
    """One environment with its way of being shipped. `state` is the folder of the keeper, `flags` what the caller said
    to get here: the commands that are proposed say it again. `by_name` is true where nobody chose the folder: other
    settings with the same two names come to it as well."""

    environment: Environment
    settings: DeploySettings
    state: Path
    flags: tuple[str, ...] = ()
    by_name: bool = False

    def command(self, verb: str, *more: str) -> str:
        """A command line that works on this target, fit to be pasted."""
        return shlex.join(["readiness", *verb.split(), *self.flags, *more])

    @property
    def name(self) -> str:
        return f"{self.environment.service} · {self.environment.name}"

    def refuse_others(self) -> None:
        """Raises Refused where a state folder that nobody chose was taken by other settings, which are still there."""
        from readiness_deploy.keeper.folder import Folder
        from readiness_deploy.requests import Refused

        kept = Folder(self.state).root_of_settings
        try:
            owner = Path(os.fsdecode(kept.read_bytes()))
        except OSError:
            return  # nobody's yet; what else is wrong with the folder is said by whoever uses it
        if self.by_name and owner != self.environment.root.resolve() and owner.is_dir():
            raise Refused(
                f"the settings in {owner} have the same names of service and environment, and the state folder "
                f"{self.state} is theirs: name another folder in `deploy.state` (where both are to ship the same "
                f"service, the same one in both), or, where that project has moved here, remove {kept}"
            )

    def claim(self) -> None:
        """Take the state folder, which is there, for these settings where nobody chose it. Raises Refused."""
        from readiness_deploy.keeper.folder import Files, Folder

        self.refuse_others()
        if self.by_name:
            with contextlib.suppress(OSError):  # it keeps others out, and what serves does not depend on it
                Files().jot(Folder(self.state).root_of_settings, os.fsencode(self.environment.root.resolve()))


def options(command: F) -> F:
    """The flags that every verb takes."""
    for option in reversed(
        [
            click.option(
                "--env", "-e", metavar="NAME", help="The environment; needed where several can be deployed to."
            ),
            click.option("--service", metavar="NAME", help="The service; needed where the settings have several."),
            click.option(
                "--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.  [readiness.yaml]"
            ),
        ]
    ):
        command = option(command)
    return command


def chosen(flags: Mapping[str, Any]) -> Target:
    """The target that the flags name. Raises SettingsError, or NoTarget, with what to write."""
    from readiness.config import load, surroundings
    from readiness.engine.registry import Offered

    path: Path | None = flags.get("settings") or load.find(Path.cwd())
    if path is None:
        raise NoTarget("there is no readiness.yaml here: `readiness init` writes one; --settings names another file")
    if not path.is_file():
        raise NoTarget(f"--settings {path}: there is no such file")
    loaded = load.load(path, Offered(), surroundings.variables())
    wanted = load.choose(loaded, flags.get("service") or "", flags.get("env") or "")
    fit = [e for e in wanted if e.deploy is not None]
    if not fit:
        names = " or ".join(f"`{e.name}`" for e in wanted)
        raise NoTarget(
            f"{path.name} does not say how {wanted[0].service} is deployed to {names}. Write under the environment:\n\n"
            f"{SNIPPET}\ndocs/deploying.md explains each line; `readiness schema settings` has all of them."
        )
    if len(fit) > 1:
        names = ", ".join(f"{e.service} {e.name}" for e in fit)
        raise NoTarget(f"{path.name} says how to deploy several: {names}. Choose with --env NAME (and --service NAME)")
    return _target(fit[0], flags, several=len({e.service for e in loaded.environments}) > 1)


def _target(environment: Environment, flags: Mapping[str, Any], *, several: bool) -> Target:
    from readiness.config import surroundings

    settings = environment.deploy
    assert settings is not None, "chosen because it has settings"  # noqa: S101
    service, name = _folder(environment.service), _folder(environment.name)
    state = (
        environment.root / settings.state
        if settings.state
        else surroundings.state_home() / "readiness" / service / name
    )
    state = Path(os.path.abspath(state.expanduser()))  # noqa: PTH100 - a link stays a link
    said = ["--env", environment.name]
    said += ["--service", environment.service] if several else []
    said += ["--settings", str(flags["settings"])] if flags.get("settings") else []
    return Target(environment, settings, state, tuple(said), by_name=not (settings.state or settings.kubernetes))


def _folder(name: str) -> str:
    """A name as one path component, different for different names."""
    import hashlib

    safe = _WILD.sub("-", name).strip(".-")[:60]
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
