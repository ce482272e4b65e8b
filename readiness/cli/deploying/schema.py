"""The database of a service, as one release knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readiness_deploy.migrations import Ledgered, Migration, Plan
    from readiness_deploy.ports import Clock
    from readiness_deploy.record import Release

    from readiness.cli.deploying.target import Target
    from readiness.config.deploy import MigrationSettings


@dataclass(frozen=True, slots=True)
class Database:
    """What a release brings, and the schema that it is brought to."""

    schema: Ledgered
    migrations: tuple[Migration, ...] = ()

    def plan(self, *, first: bool) -> Plan:
        """What a deploy of this release would do to the schema. Raises Lost."""
        from readiness_deploy import migrations

        rows = self.schema.rows()
        domains = migrations.domains(self.schema, rows, self.migrations)
        first = first and not self.schema.shared()
        return migrations.plan(rows, self.migrations, first=first, domains=domains)


def nobody() -> int:
    """The epoch of somebody who only looks. What is applied under it is refused."""
    return 0


def database(
    target: Target,
    release: Release | None,
    clock: Clock,
    *,
    epoch: Callable[[], int] = nobody,
    run: str = "",
    stopped: Callable[[], str] = lambda: "",
) -> Database:
    """The database that this release says it has; that of the settings without one. Raises Unfit, Lost."""
    from readiness_deploy import migrations
    from readiness_deploy.adapters.machine import NoSchema
    from readiness_deploy.ports import Unfit
    from readiness_deploy.references import Unresolved, reveal

    said = _said(target, release)
    if said is None:
        return Database(NoSchema())
    from readiness.config import surroundings

    ours, root = surroundings.variables(), target.environment.root
    rendering = said.alembic.environment if said.alembic else {}
    try:
        address = reveal("migrations.database", said.database, ours, root)
        rendered_with = {name: reveal(f"{name} of migrations.alembic", v, ours, root) for name, v in rendering.items()}
    except Unresolved as fault:
        raise Unfit(str(fault)) from None
    whose: dict[str, Any] = {
        "keeper": keeper_of(target),
        "epoch": epoch,
        "run": run,
        "clock": clock,
        "stopped": stopped,
    }
    bare = migrations.open_schema(address, (), said, **whose)
    if release is None:
        return Database(bare)
    known = tuple(r.id for r in bare.rows() if r.applied)
    texts = {n: v for n, v in target.settings.run.environment.items() if isinstance(v, str)}
    folder = Path(str(release.details["folder"]))
    around = texts | rendered_with
    found = migrations.read(folder, said, migrations.dialect_of(address), environment=around, known=known)
    return Database(migrations.open_schema(address, found, said, **whose), found)


def keeper_of(target: Target) -> str:
    """The id of the keeper of this target; empty where there never was one."""
    from readiness_deploy.keeper.folder import Folder

    try:
        return Folder(target.state).id.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _said(target: Target, release: Release | None) -> MigrationSettings | None:
    """The settings that the release was sealed with: later changes of the file do not reach it."""
    from readiness.config.deploy import MigrationSettings

    if release is None:
        return target.settings.migrations
    sealed = release.details.get("migrations")
    return MigrationSettings.model_validate(sealed) if sealed else None
