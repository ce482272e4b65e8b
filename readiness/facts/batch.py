"""Jobs and CronJobs: work that ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Resource
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place

# Helm and Argo CD run objects with these annotations at a point of a release, and delete them themselves.
_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")


def is_hook(resource: Resource) -> bool:
    """Whether a deployer runs and removes the object, rather than the cluster keeping it."""
    annotations = resource.annotations
    return any(annotations.get(key) for key in _HOOKS)


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One Job, or the Jobs that one CronJob makes. `spec` is the spec of the Job."""

    workload: Workload
    spec: Node

    @property
    def scheduled(self) -> bool:
        """Whether a CronJob makes it."""
        return self.workload.kind == "CronJob"

    @property
    def hook(self) -> bool:
        return is_hook(self.workload.resource)

    def at(self, *steps: str | int) -> Place:
        """A place in the spec of the Job."""
        return self.spec.at(*steps)


class BatchJobs:
    """All Jobs and CronJobs of one origin."""

    kinds = frozenset({"Job", "CronJob"})

    def __init__(self, workloads: Workloads) -> None:
        self._items = tuple(BatchJob(w, _spec(w)) for w in workloads if w.kind in self.kinds)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[BatchJob]:
        return iter(self._items)

    def scheduled(self) -> Iterator[BatchJob]:
        """Those of CronJobs."""
        return (job for job in self._items if job.scheduled)


def _spec(workload: Workload) -> Node:
    steps = ("spec", "jobTemplate", "spec") if workload.kind == "CronJob" else ("spec",)
    return workload.resource.get(*steps)
