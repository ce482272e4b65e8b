"""Secrets by reference: where they are read, and what has to be kept out of every output because of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:  # the keeper, which is small and quick to start, follows references too
    from readiness.config.deploy import DeploySettings, GateSettings, Reference, Value

LARGEST = 1 << 20
UNSET = "which is not set here"


class Unresolved(Exception):
    """A reference that leads nowhere. The text names it, and holds no secret."""


def reveal(name: str, value: Value, variables: Mapping[str, str], root: Path, *, unset: str = UNSET) -> str:
    """The value that `name` stands for. Files are relative to `root`; `unset` says of a variable that it is not there.

    Raises Unresolved.
    """
    if isinstance(value, str):
        return value
    return follow(name, value.from_env, value.from_file, variables, root, unset=unset)


def follow(
    name: str, from_env: str, from_file: str, variables: Mapping[str, str], root: Path, *, unset: str = UNSET
) -> str:
    """The same for a reference by its two fields, of which one is empty."""
    if from_env:
        if from_env not in variables:
            raise Unresolved(f"{name} is to come from the variable {from_env}, {unset}")
        return variables[from_env]
    if not from_file:
        raise Unresolved(f"{name} is to come from somewhere: wanted `from-env` or `from-file`, found neither")
    path = _place(from_file, root)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise Unresolved(f"{name} is to come from the file {path}, which is larger than {LARGEST >> 20} MiB")
        return data.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "it is no text"
        raise Unresolved(f"{name} is to come from the file {path}, which cannot be read: {why}") from None


def written(value: Value, root: Path) -> str | dict[str, str]:
    """A value as a release keeps it: text, or where its secret comes from, which holds wherever the reader stands."""
    if isinstance(value, str):
        return value
    return {"from-env": value.from_env} if value.from_env else {"from-file": str(_place(value.from_file, root))}


def lost(
    values: Mapping[str, Value], variables: Mapping[str, str], root: Path, *, unset: str = UNSET
) -> Iterator[tuple[Reference, str]]:
    """Those of the values, by name, that lead nowhere, each with why."""
    for name, value in values.items():
        if not isinstance(value, str):
            try:
                reveal(name, value, variables, root, unset=unset)
            except Unresolved as fault:
                yield value, str(fault)


def known(settings: DeploySettings, variables: Mapping[str, str], root: Path) -> dict[str, str]:
    """The secrets that the settings refer to, by name, as far as they can be read here; for a Redactor.

    The password inside an address is a secret by itself.
    """
    secrets: dict[str, str] = {}
    for name, value in _values(settings):
        if isinstance(value, str):
            continue
        try:
            text = reveal(name, value, variables, root)
        except Unresolved:
            continue
        secrets[name] = text
        for number, password in enumerate(_passwords(text)):
            secrets[f"{name} password {number + 1}"] = password
    return secrets


def of_gates(gates: Iterable[GateSettings], when: str) -> dict[str, Value]:
    """The values that these gates are given, by name. `when` is `before` or `after`, where a name can stand again."""
    found: dict[str, Value] = {}
    for gate in gates:
        where = f"of gate {gate.name} {when} the switch"
        if gate.prometheus and gate.prometheus.token:
            found[f"token {where}"] = gate.prometheus.token
        if gate.command:
            found |= {f"{name} {where}": value for name, value in gate.command.environment.items()}
    return found


def _values(settings: DeploySettings) -> Iterator[tuple[str, Value]]:
    yield from settings.run.environment.items()
    if settings.migrations:
        yield "migrations.database", settings.migrations.database
        if settings.migrations.alembic:
            for name, value in settings.migrations.alembic.environment.items():
                yield f"{name} of migrations.alembic", value
    yield from of_gates(settings.gates.before, "before").items()
    yield from of_gates(settings.gates.after, "after").items()
    for number, notification in enumerate(settings.notify, 1):
        if notification.webhook is not None:
            yield f"webhook {number}", notification.webhook


def _place(file: str, root: Path) -> Path:
    """Where the file of a reference lies. A `~` of nobody's is a part of its name, as for a shell."""
    return root.absolute() / os.path.expanduser(file)  # noqa: PTH111 - the other one raises where there is no such user


def _passwords(text: str) -> Iterator[str]:
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield from dict.fromkeys((password, unquote(password)))
