"""Secrets by reference: where they are read, and what has to be kept out of every output because of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from readiness.config.deploy import DeploySettings, Reference, Value

LARGEST = 1 << 20


class Unresolved(Exception):
    """A reference that leads nowhere. The text names it, and holds no secret."""


def reveal(name: str, value: Value, surroundings: Mapping[str, str], root: Path) -> str:
    """The value that `name` stands for. Files are relative to `root`. Raises Unresolved."""
    if isinstance(value, str):
        return value
    if value.from_env:
        if value.from_env not in surroundings:
            raise Unresolved(f"{name} is to come from the variable {value.from_env}, which is not set here")
        return surroundings[value.from_env]
    path = place(value, root)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode()
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "it is no text"
        raise Unresolved(f"{name} is to come from the file {path}, which cannot be read: {why}") from None
    if len(text) > LARGEST:
        raise Unresolved(f"{name} is to come from the file {path}, which is larger than {LARGEST >> 20} MiB")
    return text.removesuffix("\n").removesuffix("\r")


def place(reference: Reference, root: Path) -> Path:
    """Where the file of a reference lies."""
    return root.absolute() / Path(reference.from_file).expanduser()


def written(value: Value, root: Path) -> str | dict[str, str]:
    """A value as a release keeps it: text, or where its secret comes from, which holds wherever the reader stands."""
    if isinstance(value, str):
        return value
    return {"from-env": value.from_env} if value.from_env else {"from-file": str(place(value, root))}


def known(settings: DeploySettings, surroundings: Mapping[str, str], root: Path) -> dict[str, str]:
    """The secrets that the settings refer to, by name, as far as they can be read here; for a Redactor.

    The password inside an address is a secret by itself.
    """
    secrets: dict[str, str] = {}
    for name, value in _values(settings):
        if isinstance(value, str):
            continue
        try:
            text = reveal(name, value, surroundings, root)
        except Unresolved:
            continue
        secrets[name] = text
        for number, password in enumerate(_passwords(text)):
            secrets[f"{name} password {number + 1}"] = password
    return secrets


def _values(settings: DeploySettings) -> Iterator[tuple[str, Value]]:
    yield from settings.run.environment.items()
    if settings.migrations:
        yield "migrations.database", settings.migrations.database
    for gate in (*settings.gates.before, *settings.gates.after):
        if gate.prometheus and gate.prometheus.token:
            yield f"token of gate {gate.name}", gate.prometheus.token
        if gate.command:
            yield from gate.command.environment.items()
    for number, notification in enumerate(settings.notify, 1):
        if notification.webhook is not None:
            yield f"webhook {number}", notification.webhook


def _passwords(text: str) -> Iterator[str]:
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield from dict.fromkeys((password, unquote(password)))
