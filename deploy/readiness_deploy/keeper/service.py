"""What a sealed release says about how it is run, and the environment that its process gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from readiness.sources.redaction import Redactor
from readiness_deploy.record import Release
from readiness_deploy.references import Unresolved, follow

_UNSET = "which the keeper was started without"
# What a program may want to know of the machine. Everything else of the keeper's own surroundings, where its secrets
# are, stays with the keeper.
_SURROUNDINGS = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_PLACE = re.compile(r"\{(port|release|version|colour)\}")
_CONTROL = {c: None for c in range(32) if chr(c) not in "\n\t"} | {127: None}


class Unfit(Exception):
    """A release that cannot be run. The text says what was wanted and what was found, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When a colour is ready. The meaning of each word is that of the settings."""

    path: str = "/ready"
    interval: float = 0.2
    timeout: float = 1.0
    failures: int = 3
    within: float = 60.0
    min_ready: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """How a colour ends, in seconds."""

    drain: float = 30.0
    grace: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one release is run."""

    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    ready: Ready = Ready()
    stop: Stop = Stop()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment of a colour, and the secrets in it by name, which no output may hold."""

    variables: Mapping[str, str]
    secrets: Mapping[str, str]

    def clean(self, said: str) -> str:
        """What the colour said, without its secrets and without control characters."""
        return Redactor(self.secrets)(said).translate(_CONTROL)


def service(release: Release) -> Service:
    """How this release is run. Raises Unfit."""
    details = release.details
    try:
        read = Service(
            folder=Path(msgspec.convert(details.get("folder"), str)),
            command=tuple(msgspec.convert(details.get("command"), list[str])),
            environment=msgspec.convert(details.get("environment", {}), dict[str, str | dict[str, str]]),
            ready=_part(details, "ready", Ready),
            stop=_part(details, "stop", Stop),
        )
    except msgspec.ValidationError as fault:
        raise Unfit(f"release {release.id} says wrongly how it is run: {fault}") from None
    if not read.command:
        raise Unfit(f"release {release.id} names no command to run")
    if not read.folder.is_absolute() or not read.folder.is_dir():
        raise Unfit(f"release {release.id} lies in {read.folder}, which is no folder here: make the release again")
    return read


def placed(wanted: Service, places: Mapping[str, str]) -> Service:
    """The service with `{port}`, `{release}`, `{version}` and `{colour}` filled in where the settings wrote them:
    in the command, and in variables that are texts. Other braces stay as they are."""

    def filled(text: str) -> str:
        return _PLACE.sub(lambda match: places[match[1]], text)

    environment = {n: filled(v) if isinstance(v, str) else v for n, v in wanted.environment.items()}
    return replace(wanted, command=tuple(map(filled, wanted.command)), environment=environment)


def surroundings(wanted: Service, own: Mapping[str, str], given: Mapping[str, str]) -> Surroundings:
    """The environment for a colour: a few names of the keeper's `own`, what the release declares, what is `given`.

    Raises Unfit, which names the reference that leads nowhere.
    """
    variables = {name: own[name] for name in _SURROUNDINGS if name in own}
    secrets: dict[str, str] = {}
    for name, value in wanted.environment.items():
        if isinstance(value, str):
            variables[name] = value
        else:
            variables[name] = secrets[name] = _resolve(name, value, own)
    return Surroundings({**variables, **given}, secrets)


def _resolve(name: str, reference: Mapping[str, str], own: Mapping[str, str]) -> str:
    variable, file = reference.get("from-env", ""), reference.get("from-file", "")
    try:
        return follow(name, variable, file, own, Path("/"), unset=_UNSET)  # a sealed release names files absolutely
    except Unresolved as fault:
        raise Unfit(str(fault)) from None


def _part(details: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    given = {key.replace("-", "_"): value for key, value in (details.get(name) or {}).items()}
    return msgspec.convert(given, kind)
