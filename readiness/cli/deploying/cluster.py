"""What the verbs do where the target is a cluster: no keeper runs there, and no guard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readiness_deploy.adapters.kubernetes import Cluster
    from readiness_deploy.gates import LiveGates
    from readiness_deploy.ports import Interrupts, Measurement, World
    from readiness_deploy.record import Record, Release

    from readiness.cli.deploying.target import Target
    from readiness.cli.deploying.work import Work


def connected(target: Target, stack: ExitStack) -> Cluster:
    """The cluster of a target; leaving the stack hangs up. Raises Illegal."""
    from readiness_deploy.adapters.kubernetes import opened

    return stack.enter_context(opened(target.settings, target.environment.root))


def seen(cluster: Cluster) -> dict[str, Any]:
    """The answer to a look, with the fields that a keeper's has where there is something to say. Raises Lost."""
    import msgspec

    found = cluster.observe()
    about = msgspec.to_builtins(replace(found, actual=frozenset()))
    lock = cluster.held()
    held = msgspec.to_builtins(lock) if lock else None
    return {**about, "actual": sorted(found.actual), "lock": held, "traffic": {}, "journal": []}


def made(target: Target, version: str) -> tuple[Release, str]:
    """The release of a version, and its manifest. Only files are read. Raises Illegal."""
    from readiness_deploy.adapters import kube_release

    settings = target.settings
    return kube_release.make(settings, target.environment.root, version or settings.release.version)


def published(work: Work, cluster: Cluster) -> None:
    """Keep the release of a deploy in the cluster, before anything is announced. Raises Illegal, Lost."""
    from readiness_deploy.adapters import kube_release
    from readiness_deploy.ports import Illegal

    release = work.release
    if work.verb != "deploy" or release is None:
        return
    again, template = made(work.target, release.version)
    if again.id != release.id:
        raise Illegal("the manifest was changed since the plan was made: deploy again")
    kube_release.publish(cluster.api, cluster.target.service, release, template)


def gates(target: Target, record: Callable[[Measurement], None]) -> LiveGates:
    """The gates of a target, as they can be asked from here."""
    from readiness_deploy.adapters.kube_world import gates_for

    from readiness.config import surroundings

    return gates_for(target.settings, target.environment.root, surroundings.variables(), record)


def world(work: Work, cluster: Cluster, measured: Callable[[Measurement], None], interrupts: Interrupts) -> World:
    """The world that a run of this work walks in. Raises Illegal, Lost."""
    from readiness_deploy.adapters.kube_world import world_for

    from readiness.config import surroundings

    published(work, cluster)
    return world_for(
        cluster,
        work.target.settings,
        work.target.environment.root,
        journal=work.telling,
        interrupts=interrupts,
        variables=surroundings.variables(),
        measured=measured,
    )


def known(record: Record, release: str) -> Release:
    """A release by its id: one of the two that the cluster keeps a slot for. Raises Refused."""
    from readiness_deploy.requests import Refused

    for one in record.slots.values():
        if one.id == release:
            return one
    there = ", ".join(one.id for one in record.slots.values()) or "none"
    raise Refused(f"the cluster has no slot with the release {release}; there are: {there}")


def problems(work: Work) -> list[str]:
    """What settings and flags ask for that does not work in a cluster, as sentences."""
    settings = work.target.settings
    found = ["--no-wait leaves the release to a guard, and a cluster has none: stay until it is proven"]
    found = found if work.detach else []
    found += [
        f"gates.before: gate {gate.name} asks the candidate itself, which cannot be reached from outside the cluster"
        for gate in settings.gates.before
        if gate.http
    ]
    found += [
        f"gates.after: gate {gate.name} wants a keeper's counts, and a cluster has none: use `prometheus` or `http`"
        for gate in settings.gates.after
        if gate.traffic
    ]
    if settings.migrations is not None:
        found.append("migrations: they are not applied for a cluster yet")
    return found
