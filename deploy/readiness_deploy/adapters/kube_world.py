"""The world that a run walks in, in a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from readiness.config.deploy import DeploySettings
from readiness.http import Bounds, NoAnswer, Reader
from readiness_deploy.adapters.kubernetes import Cluster
from readiness_deploy.adapters.machine import NoSchema, SystemClock
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.ports import Illegal, Interrupts, Journal, Lost, Measurement, Schema, World

_BOUNDS = Bounds(connect=1.0, seconds=2.0, size=1 << 20)


class ClusterEntry:
    """The real entry: a release counts as arrived where its header comes back, and the Service leads to its pods alone.

    Each request has a connection of its own: one that is kept stays with the pod that it once reached.
    """

    def __init__(self, cluster: Cluster, address: str, path: str, header: str) -> None:
        self._cluster, self._address, self._path, self._header = cluster, address, path, header.lower()

    def identity(self) -> str:
        """The release id of one answer; empty where none came, or where the Service still leads elsewhere."""
        try:
            if not self._cluster.arrived():
                return ""
            with Reader(self._address, bounds=_BOUNDS, attempts=1) as reader:
                return reader.get(self._path).headers.get(self._header, "")
        except (NoAnswer, Lost):
            return ""


def gates_for(
    settings: DeploySettings,
    root: Path,
    variables: Mapping[str, str],
    measured: Callable[[Measurement], None] = lambda _one: None,
) -> LiveGates:
    """The gates of a service in a cluster: by the real entry, by a monitoring system, or by a command."""
    entry = settings.kubernetes.entry if settings.kubernetes else ""
    return LiveGates(SystemClock(), Outside(entry=entry, variables=variables, folder=root), measured)


def world_for(
    cluster: Cluster,
    settings: DeploySettings,
    root: Path,
    *,
    journal: Journal,
    interrupts: Interrupts,
    variables: Mapping[str, str],
    measured: Callable[[Measurement], None] = lambda _one: None,
    schema: Schema | None = None,
) -> World:
    """The world of this cluster. `root` is the folder of the settings, `variables` what references to the environment
    mean. Raises Illegal."""
    target = settings.kubernetes
    if target is None:
        raise Illegal("`deploy.kubernetes` is not set")
    identity = settings.run.identity
    return World(
        route=cluster,
        colours=cluster,
        schema=schema or NoSchema(),
        gates=gates_for(settings, root, variables, measured),
        entry=ClusterEntry(cluster, target.entry, identity.path, identity.header),
        clock=SystemClock(),
        journal=journal,
        interrupts=interrupts,
    )
