"""Cluster: the objects of one live namespace, and the cluster-wide ones that belong to it.

Context and namespace are named by the settings; the current context of a kubeconfig is never used. Everything is read
with GET, and nothing that a Secret holds leaves the server.
"""

from __future__ import annotations

from pathlib import Path

from readiness.facts.objects import Objects
from readiness.model import Gap, Input, Origin, Reading, Supply
from readiness.sources.cluster.api import Api, Unanswered
from readiness.sources.cluster.connection import insecure, reader
from readiness.sources.cluster.kubeconfig import Refused, find
from readiness.sources.cluster.listing import listed

__all__ = ["read"]

PROVIDES: frozenset[type] = frozenset({Objects})


def read(context: str, namespace: str, kubeconfig: str = "", root: Path | None = None) -> Supply:
    """The objects of `namespace` in the cluster of `context`. Raises nothing of the cluster's.

    What could not be listed is a gap for its kind, with the rule of a role that would allow it. A cluster that cannot
    be asked at all is one gap, and no fact. `root` is the tree that is checked: no credential or program comes from it.
    """
    where = f"namespace {namespace} in {context}"
    try:
        entry = find(context, kubeconfig, root)
        with reader(entry, root) as connection:
            found = listed(Api(connection), namespace, context)
        doubt = insecure(entry)
    except Refused as refusal:
        return _nothing(where, refusal.gap)
    except Unanswered as refusal:
        return _nothing(where, Gap("cluster", f"the cluster of the context {context} gives no answer: {refusal}"))
    gaps = (*found.gaps, *([doubt.gap] if doubt else []))
    inputs = (Input(where, Reading.CHECKED, "", len(found.resources)), *found.inputs)
    facts: dict[type, object] = {Objects: Objects(found.resources)}
    return Supply("cluster", PROVIDES, facts, Origin.LIVE, gaps, inputs, (*entry.notes, *found.notes))


def _nothing(where: str, gap: Gap) -> Supply:
    failed = Input(where, Reading.NOT_EXAMINED, gap.cause)
    return Supply("cluster", PROVIDES, {}, Origin.LIVE, (gap,), (failed,))
