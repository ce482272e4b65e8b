"""What a release keeps of the settings: everything that decides how it runs, so that later changes do not reach it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from readiness.config.deploy import DeploySettings, Value
from readiness.facts.secrets import holds_password, is_literal, names_a_secret
from readiness_deploy.references import written
from readiness_deploy.releases.tree import Unfit

_ALSO = frozenset({"KEY", "DSN", "SECRETS", "TOKENS"})


def refuse_literal_secrets(settings: DeploySettings) -> None:
    """A secret that is written down where a reference belongs would lie in every release. Raises Unfit."""
    for where, value in _written_down(settings):
        if isinstance(value, str) and _is_secret(where.rpartition(".")[2], value):
            raise Unfit(
                f"`deploy.{where}` looks like a secret that is written down: say where it comes from instead, "
                "{from-env: NAME} or {from-file: PATH}; a release keeps the reference, never the value"
            )


def _written_down(settings: DeploySettings) -> Iterator[tuple[str, Value]]:
    for name, value in settings.run.environment.items():
        yield f"run.environment.{name}", value
    if settings.migrations:
        yield "migrations.database", settings.migrations.database
    for number, word in enumerate(settings.run.command):
        yield f"run.command.{number}", word
    for number, command in enumerate(settings.release.prepare):
        for place, word in enumerate(command):
            yield f"release.prepare.{number}.{place}", word


def _is_secret(name: str, value: str) -> bool:
    if holds_password(value) or _has_key_in_address(name, value):
        return True
    named = names_a_secret(name) or name.upper().split("_")[-1] in _ALSO
    return named and is_literal(value) and "://" not in value


def _has_key_in_address(name: str, value: str) -> bool:
    """An address such as Sentry's, whose user is the key."""
    return name.upper().endswith("DSN") and "@" in value.partition("://")[2].partition("/")[0]


def identity(settings: DeploySettings, tree: str) -> str:
    """SHA-256 of what a release is: its files before `prepare`, and the settings it is made and run with."""
    run = settings.run.model_dump(by_alias=True, mode="json")
    migrations = settings.migrations.model_dump(by_alias=True, mode="json") if settings.migrations else None
    whole = [tree, settings.release.prepare, run, migrations, settings.data_unsafe]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def details(settings: DeploySettings, root: Path) -> dict[str, Any]:
    """How the release is run, as JSON values. Files of references are relative to `root`, and absolute afterwards."""
    run = settings.run
    kept: dict[str, Any] = {
        "command": list(run.command),
        "environment": {name: written(value, root) for name, value in run.environment.items()},
        "ready": run.ready.model_dump(by_alias=True, mode="json"),
        "stop": run.stop.model_dump(by_alias=True, mode="json"),
        "identity": run.identity.model_dump(by_alias=True, mode="json"),
    }
    if settings.migrations:
        dumped = settings.migrations.model_dump(by_alias=True, mode="json")
        kept["migrations"] = {**dumped, "database": written(settings.migrations.database, root)}
    return kept
