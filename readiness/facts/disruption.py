"""PodDisruptionBudgets and the arithmetic of a drain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Objects, Resource
from readiness.facts.quantities import scaled
from readiness.facts.selectors import Selector
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """One PodDisruptionBudget with the workloads whose pods it selects."""

    resource: Resource
    workloads: tuple[Workload, ...]

    @property
    def selector(self) -> Selector | None:
        return Selector.read(self.resource.get("spec", "selector"))

    def at(self, *steps: str | int) -> Place:
        return self.resource.at(*steps)

    @property
    def field(self) -> str:
        """Which of its two fields decides: `minAvailable` or `maxUnavailable`."""
        return "minAvailable" if self.resource.get("spec", "minAvailable").exists else "maxUnavailable"

    def allowed(self, replicas: int) -> int | None:
        """How many of `replicas` healthy pods a drain may take; None where the budget does not say it.

        Both fields round a percentage up; a budget with neither lets nothing go, as the disruption controller has it.
        """
        spec = self.resource.get("spec")
        if spec.get("minAvailable").exists:
            keep = scaled(spec.raw("minAvailable"), replicas, round_up=True)
            return None if keep is None else max(0, replicas - keep)
        if spec.get("maxUnavailable").exists:
            taken = scaled(spec.raw("maxUnavailable"), replicas, round_up=True)
            return None if taken is None else max(0, min(taken, replicas))
        return 0


class DisruptionBudgets:
    """All budgets of one origin, and which workload each covers."""

    kinds = frozenset({"PodDisruptionBudget"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        items = []
        self._covering: dict[int, list[DisruptionBudget]] = {}
        for resource in objects.of("PodDisruptionBudget"):
            selector = Selector.read(resource.get("spec", "selector"))
            covered = tuple(workloads.selected(resource.namespace, selector))
            budget = DisruptionBudget(resource, covered)
            items.append(budget)
            for workload in covered:
                self._covering.setdefault(id(workload), []).append(budget)
        self._items = tuple(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[DisruptionBudget]:
        return iter(self._items)

    def covering(self, workload: Workload) -> tuple[DisruptionBudget, ...]:
        """The budgets whose selector matches this workload's pods."""
        return tuple(self._covering.get(id(workload), ()))
