"""Lists the wanted kinds of one namespace. What is not listed is a gap for its kind, with the right that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from readiness.facts.objects import Resource
from readiness.model import Gap, Input, Origin, Reading
from readiness.sources.cluster.api import Api, Unanswered
from readiness.sources.cluster.belonging import belonging, trimmed
from readiness.sources.cluster.discovery import Served, discover
from readiness.sources.cluster.kinds import REACHING
from readiness.sources.cluster.kubeconfig import Refused

_AT_ONCE = 6
_UNAUTHORIZED = 401
_GONE = 404


@dataclass(slots=True)
class Harvest:
    """What one list brought."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    resources: list[Resource]
    gaps: tuple[Gap, ...]
    inputs: tuple[Input, ...]
    notes: tuple[str, ...]


def listed(api: Api, namespace: str, context: str) -> Listed:
    """The objects that belong to `namespace`. Raises Refused where the credentials or the namespace are not known, and
    Unanswered where the server does not even say what it serves."""
    try:
        served = discover(api)
    except Unanswered as refusal:
        raise _unauthorized(refusal) or refusal from None
    home = _home(api, namespace, context)
    # One kind of several groups is one question; a namespace is asked for by its name alone.
    wanted = [s for s in served.resources if (s.kind, s.group) != ("Namespace", "")]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        harvests = [home, *pool.map(lambda s: _harvest(api, s, namespace), wanted)]
    bodies = [body for harvest in harvests for body in harvest.bodies]
    resources = [Resource(body, origin=Origin.LIVE, namespace=namespace, cluster=context) for body in bodies]
    gaps = (*served.gaps, *(gap for harvest in harvests for gap in harvest.gaps))
    inputs = tuple(Input(f"{', '.join(sorted(g.kinds))} in {context}", Reading.NOT_EXAMINED, g.cause) for g in gaps)
    return Listed(belonging(resources, namespace), gaps, inputs, served.notes)


def _home(api: Api, namespace: str, context: str) -> Harvest:
    """The Namespace itself. One that is not there would make every list empty, and every absence look true."""
    try:
        return Harvest(
            [trimmed({"apiVersion": "v1", "kind": "Namespace", **api.get(f"/api/v1/namespaces/{namespace}")})]
        )
    except Unanswered as refusal:
        if refusal.status == _GONE:
            raise Refused(f"the cluster of the context {context} has no namespace {namespace}") from None
        refused = _unauthorized(refusal)
        if refused:
            raise refused from None
        return Harvest(gaps=[_gap(Served("Namespace", "", "v1", "namespaces", False), "", refusal, verb="get")])


def _unauthorized(refusal: Unanswered) -> Refused | None:
    if refusal.status != _UNAUTHORIZED:
        return None
    return Refused("the API server does not accept these credentials (401)", None, "log in again")


def _harvest(api: Api, served: Served, namespace: str) -> Harvest:
    """All objects of one resource. Raises Refused where the credentials ended on the way."""
    made = Harvest()
    for path, where in _paths(served, namespace):
        try:
            made.bodies = _bodies(api, served, path, namespace)
            break
        except Unanswered as refusal:
            if refusal.status == _GONE:  # served a moment ago, and no more: its objects went with it
                break
            refused = _unauthorized(refusal)
            if refused:
                raise refused from None
            made.gaps.append(_gap(served, where, refusal))
            if not refusal.forbidden:
                break
    return made


def _paths(served: Served, namespace: str) -> Iterator[tuple[str, str]]:
    """Where to list, with the namespace of the right that it takes: everywhere first, for kinds that reach across."""
    if not served.namespaced or served.kind in REACHING:
        yield served.path(), ""
    if served.namespaced:
        yield served.path(namespace), namespace


def _bodies(api: Api, served: Served, path: str, namespace: str) -> list[dict[str, Any]]:
    """The objects at `path`. An item of a list does not say what it is: the list does."""
    what = {"apiVersion": served.api_version, "kind": served.kind}
    if (served.kind, served.group) != ("Secret", ""):
        return api.objects(path, lambda body: trimmed({**what, **body}))
    return [
        {**what, "metadata": {"name": secret.name, "namespace": namespace}, "type": secret.type}
        for secret in api.secrets(path)
    ]


def _gap(served: Served, namespace: str, refusal: Unanswered, verb: str = "list") -> Gap:
    kinds = frozenset({served.kind})
    if not refusal.forbidden:
        return Gap("cluster", f"{served.name} could not be listed: {refusal}", kinds=kinds)
    where = f"in the namespace {namespace}" if namespace else "in the whole cluster"
    role = "Role" if namespace else "ClusterRole"
    rule = f'{{apiGroups: ["{served.group}"], resources: ["{served.resource}"], verbs: ["{verb}"]}}'
    return Gap("cluster", f"no permission to {verb} {served.name} {where}", kinds=kinds, advice=f"{role} rule: {rule}")
