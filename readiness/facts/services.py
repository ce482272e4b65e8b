"""Services and which workloads they send traffic to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container, Role
from readiness.facts.selectors import Selector
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class Service:
    """One Service with the workloads whose pods it selects."""

    resource: Resource
    workloads: tuple[Workload, ...]

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def namespace(self) -> str:
        return self.resource.namespace

    @property
    def kind(self) -> str:
        """`ClusterIP` where no type is written."""
        return self.resource.node.text("spec", "type") or "ClusterIP"

    @property
    def headless(self) -> bool:
        return self.resource.node.text("spec", "clusterIP") == "None"

    @property
    def selector(self) -> Selector | None:
        """None where it has no selector: then somebody else makes its endpoints."""
        labels = self.resource.node.strings("spec", "selector")
        return Selector.of_labels(labels) if labels else None

    def at(self, *steps: str | int) -> Place:
        return self.resource.at(*steps)

    def target_ports(self) -> Iterator[int | str]:
        """The target of each port, by number or name; unwritten, it is the port itself."""
        targets = (target_of(port) for port in self.resource.node.each("spec", "ports"))
        return (target for target in targets if target is not None)

    @property
    def waits_for_readiness(self) -> bool:
        """Whether it sends traffic only to ready pods."""
        return self.resource.node.boolean("spec", "publishNotReadyAddresses") is not True


def target_of(port: Node) -> int | str | None:
    """Where one entry of `spec.ports` leads, by number or name: unwritten, to the port itself. None for nonsense."""
    return port.integer("port") if port.scalar("targetPort") is None else port.number_or_name("targetPort")


def _declared(container: Container) -> frozenset[int | str]:
    """The numbers and names of the container's ports."""
    ports = container.ports
    return frozenset(p.number for p in ports if p.number is not None) | {p.name for p in ports if p.name}


class Services:
    """All Services of one origin."""

    kinds = frozenset({"Service"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        items = []
        self._selecting: dict[int, list[Service]] = {}
        for resource in objects.of("Service"):
            labels = resource.node.strings("spec", "selector")
            selector = Selector.of_labels(labels) if labels else None
            service = Service(resource, tuple(workloads.selected(resource.namespace, selector)))
            items.append(service)
            for workload in service.workloads:
                self._selecting.setdefault(id(workload), []).append(service)
        self._items = tuple(items)
        self._named = {(s.namespace, s.name): s for s in reversed(self._items)}  # the first of a name stays

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Service]:
        return iter(self._items)

    def selecting(self, workload: Workload) -> tuple[Service, ...]:
        """The Services whose selector matches this workload's pods."""
        return tuple(self._selecting.get(id(workload), ()))

    def serving(self, workload: Workload) -> tuple[Container, ...]:
        """The containers of this workload that a Service sends traffic to once they are ready.

        A port that nobody declares by number belongs to the pod's main container, where there is only one.
        """
        services = (s for s in self.selecting(workload) if s.waits_for_readiness)
        targets = {target for service in services for target in service.target_ports()}
        if not targets:
            return ()
        running = [(c, _declared(c)) for c in workload.running()]
        found = [c for c, declared in running if targets & declared]
        rest = {t for t in targets if isinstance(t, int)}.difference(*(declared for _, declared in running))
        main = [c for c, _ in running if c.role is Role.MAIN]
        if rest and len(main) == 1 and main[0] not in found:
            found.append(main[0])
        return tuple(found)

    def named(self, namespace: str, name: str) -> Service | None:
        return self._named.get((namespace, name))
