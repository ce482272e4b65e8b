"""Databases that an operator runs: how many members they have, and whether they are backed up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from readiness.facts.objects import Node, Objects, Resource
from readiness.model import Place


class _Form(NamedTuple):
    """How one operator writes a database: its group, where its members are counted, and what a backup looks like."""

    group: str
    members: Callable[[Resource], tuple[int, Place]]
    backup: Callable[[Resource], bool | None]
    backup_place: tuple[str, ...]


def _number(*steps: str, default: int) -> Callable[[Resource], tuple[int, Place]]:
    def read(resource: Resource) -> tuple[int, Place]:
        written = resource.node.integer(*steps)
        return default if written is None else written, resource.at(*steps)

    return read


def _sum(*steps: str, field: str) -> Callable[[Resource], tuple[int, Place]]:
    def read(resource: Resource) -> tuple[int, Place]:
        counts = (node.integer(field) for node in resource.get(*steps[:-1]).each(steps[-1]))
        return sum(1 if count is None else count for count in counts), resource.at(*steps)

    return read


def _scheduled_repositories(resource: Resource) -> bool:
    repositories = resource.get("spec", "backups", "pgbackrest").each("repos")
    return any(node.get("schedules").mapping() for node in repositories)


_FORMS: Mapping[str, _Form] = {
    "Cluster": _Form(
        "postgresql.cnpg.io",
        _number("spec", "instances", default=1),
        lambda r: r.get("spec", "backup").exists or _archives(r.get("spec")),
        ("spec", "backup"),
    ),
    "postgresql": _Form(
        "acid.zalan.do",
        _number("spec", "numberOfInstances", default=1),
        # Its write-ahead log may be archived by the operator's own settings, which are not seen here.
        lambda r: r.node.boolean("spec", "enableLogicalBackup") or None,
        ("spec", "enableLogicalBackup"),
    ),
    "PostgresCluster": _Form(
        "postgres-operator.crunchydata.com",
        _sum("spec", "instances", field="replicas"),
        _scheduled_repositories,
        ("spec", "backups", "pgbackrest", "repos"),
    ),
    "PerconaXtraDBCluster": _Form(
        "pxc.percona.com",
        _number("spec", "pxc", "size", default=1),
        lambda r: bool(r.node.sequence("spec", "backup", "schedule")),
        ("spec", "backup", "schedule"),
    ),
    "InnoDBCluster": _Form(
        "mysql.oracle.com",
        _number("spec", "instances", default=1),
        lambda r: bool(r.node.sequence("spec", "backupSchedules")),
        ("spec", "backupSchedules"),
    ),
}


def _archives(spec: Node) -> bool:
    """Whether a plugin archives the write-ahead log, as CloudNativePG's backup plugin does."""
    return any(plugin.boolean("isWALArchiver") is True for plugin in spec.each("plugins"))


@dataclass(frozen=True, slots=True)
class Database:
    """One database with the number of its members.

    `stored` tells whether its backups have a place, None where that is not known from here. `scheduled` names what
    backs it up at set times, if anything does.
    """

    resource: Resource
    members: int
    at_members: Place
    stored: bool | None
    scheduled: str
    at_backup: Place


class Databases:
    """The databases of one origin that CloudNativePG or Zalando's, Crunchy's, Percona's or Oracle's operator runs."""

    kinds = frozenset({*_FORMS, "ScheduledBackup"})

    def __init__(self, objects: Objects) -> None:
        planned = {
            (r.namespace, r.node.text("spec", "cluster", "name")): r.subject
            for r in objects.of("ScheduledBackup", group="postgresql.cnpg.io")
            if r.node.boolean("spec", "suspend") is not True
        }
        self._items = tuple(
            _database(resource, form, planned.get((resource.namespace, resource.name), ""))
            for kind, form in _FORMS.items()
            for resource in objects.of(kind, group=form.group)
        )

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Database]:
        return iter(self._items)


def _database(resource: Resource, form: _Form, planned: str) -> Database:
    members, place = form.members(resource)
    stored = form.backup(resource)
    # Everywhere but in CloudNativePG, the schedule stands in the database itself.
    scheduled = planned if form.group == "postgresql.cnpg.io" else resource.subject if stored else ""
    return Database(resource, members, place, stored, scheduled, resource.at(*form.backup_place))
