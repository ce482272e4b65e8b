"""How a workload replaces its pods."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.facts.objects import Node
from readiness.facts.quantities import scaled
from readiness.facts.workloads import Workload


@dataclass(frozen=True, slots=True)
class RollingUpdate:
    """A rolling update in numbers of pods. `node` is where its two numbers are written."""

    node: Node
    unavailable: int
    surge: int


def rolling_update(workload: Workload, replicas: int) -> RollingUpdate | None:
    """How a Deployment, or a Rollout's canary, replaces `replicas` pods; None where it does so otherwise.

    maxUnavailable is rounded down, maxSurge up, both 25 % where unwritten; where both come to 0, one pod is taken, as
    the Deployment controller does it.
    """
    spec = workload.resource.get("spec", "strategy")
    if workload.kind == "Deployment" and spec.text("type") in {None, "RollingUpdate"}:
        node = spec.get("rollingUpdate")
    elif workload.kind == "Rollout" and spec.get("canary").exists:
        node = spec.get("canary")
    else:
        return None
    unavailable = scaled(_written(node, "maxUnavailable"), replicas, round_up=False)
    surge = scaled(_written(node, "maxSurge"), replicas, round_up=True)
    if unavailable is None or surge is None:
        return None
    return RollingUpdate(node, min(unavailable or int(not surge), replicas), surge)


def _written(node: Node, field: str) -> object:
    value = node.raw(field)
    return "25%" if value is None else value
