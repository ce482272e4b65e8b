"""What migrations a release brings, wherever it keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from readiness.config.deploy import MigrationSettings
from readiness_deploy.migrations.alembic import chain, read_alembic
from readiness_deploy.migrations.model import BadMigrations, Dialect, Kind, Migration
from readiness_deploy.migrations.sqlfolder import files, read_folder


def read(
    folder: Path,
    settings: MigrationSettings,
    dialect: Dialect,
    *,
    environment: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> tuple[Migration, ...]:
    """The migrations in a release's folder, oldest first, each statement judged.

    `environment` is what the command that renders gets; `known` are ids that are applied already: those are neither
    rendered nor judged again, which takes seconds. Raises BadMigrations with file:line for all that is wrong.
    """
    declared = {name: Kind(kind) for name, kind in settings.declared.items()}
    if settings.alembic:
        found = read_alembic(folder, settings.alembic, declared, dialect, environment or {}, known)
    else:
        found = read_folder(folder / settings.sql, folder, declared, dialect, known)
    unknown = sorted(set(declared) - {m.id for m in found})
    if unknown:
        raise BadMigrations(
            [f"migrations.declared: there is no migration {unknown[0]}; there are: {', '.join(m.id for m in found)}"]
        )
    return found


def ids(folder: Path, settings: MigrationSettings) -> tuple[str, ...]:
    """The ids alone, oldest first, without reading or rendering what they do. Raises BadMigrations."""
    if settings.alembic:
        return tuple(revision.id for revision in chain(folder, settings.alembic))
    faults: list[str] = []
    found = tuple(path.stem for path in files(folder / settings.sql, folder, faults))
    if faults:
        raise BadMigrations(faults)
    return found
