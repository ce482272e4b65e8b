"""How metrics leave a workload: monitors of the Prometheus operator, annotations, or a push by OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from readiness.facts.monitoring import duration
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.selectors import Selector
from readiness.facts.services import Service, Services
from readiness.facts.workloads import Workload, Workloads

_OF_SERVICES = ("ServiceMonitor", "VMServiceScrape")
_OF_PODS = ("PodMonitor", "VMPodScrape", "PodMonitoring")
MONITOR_KINDS = frozenset({*_OF_SERVICES, *_OF_PODS})
_PUSHES = frozenset({"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_METRICS_EXPORTER"})


@dataclass(frozen=True, slots=True)
class Monitor:
    """One object that tells Prometheus what to scrape."""

    resource: Resource

    @property
    def of_pods(self) -> bool:
        return self.resource.kind in _OF_PODS

    @property
    def selector(self) -> Selector | None:
        return Selector.read(self.resource.get("spec", "selector"))

    def endpoints(self) -> Iterator[Node]:
        for field in ("endpoints", "podMetricsEndpoints"):
            yield from self.resource.node.each("spec", field)

    def covers(self, namespace: str) -> bool:
        """Whether it looks into that namespace; unwritten, only into its own."""
        selector = self.resource.get("spec", "namespaceSelector")
        if selector.boolean("any"):
            return True
        names = selector.sequence("matchNames")
        return namespace in names if names else namespace == self.resource.namespace


class Monitors:
    """All monitors of one origin, and what each reaches."""

    kinds = MONITOR_KINDS

    def __init__(self, objects: Objects, services: Services, workloads: Workloads) -> None:
        self.items = tuple(Monitor(r) for r in objects.of(*_OF_SERVICES, *_OF_PODS))
        self.workloads = workloads
        self.services = services

    def selected(self, monitor: Monitor) -> Sequence[Service | Workload]:
        """The Services that it selects; of a monitor of pods, the workloads whose pods it selects itself."""
        selector = monitor.selector
        if selector is None:
            return ()
        if monitor.of_pods:
            return [w for w in self.workloads if monitor.covers(w.namespace) and selector.matches(w.labels)]
        return [s for s in self.services if monitor.covers(s.namespace) and selector.matches(s.resource.labels)]

    def reached(self) -> dict[int, str]:
        """How each workload is scraped, by its `id()`; workloads that nothing scrapes are missing."""
        found: dict[int, str] = {}
        for monitor in self.items:
            said = f"{monitor.resource.kind} {monitor.resource.name}"
            for target in self.selected(monitor):
                if any(has_port(target, endpoint) for endpoint in monitor.endpoints()):
                    workloads = target.workloads if isinstance(target, Service) else (target,)
                    found.update((id(workload), said) for workload in workloads)
        return found

    def interval(self) -> float | None:
        """The longest interval that a monitor here declares, in seconds; None where none does."""
        written = [duration(e.text("interval")) for monitor in self.items for e in monitor.endpoints()]
        return max((seconds for seconds in written if seconds), default=None)


def has_port(target: Service | Workload, endpoint: Node) -> bool:
    """Whether the endpoint names a port that the Service has, or that a container of the pod declares."""
    return _port_of_service(target, endpoint) if isinstance(target, Service) else _port_of_pod(target, endpoint)


def _port_of_service(service: Service, endpoint: Node) -> bool:
    """`port` is its name, `targetPort` its target."""
    name, target = endpoint.text("port"), endpoint.scalar("targetPort")
    ports = list(service.resource.node.each("spec", "ports"))
    if name is not None:
        return any(port.text("name") == name for port in ports)
    if target is not None:
        declared = {p for w in service.workloads for c in w.containers() for q in c.ports for p in (q.name, q.number)}
        return target in declared or target in set(service.target_ports())
    return False


def _port_of_pod(workload: Workload, endpoint: Node) -> bool:
    wanted = {endpoint.text("port"), endpoint.scalar("targetPort"), endpoint.integer("portNumber")} - {None}
    return any(port.name in wanted or port.number in wanted for c in workload.running() for port in c.ports)


def annotated(workload: Workload, services: tuple[Service, ...]) -> str:
    """By which annotations or variables metrics leave the workload without a monitor; empty where there are none."""
    marks = [workload.annotations, *(s.resource.annotations for s in services)]
    if any(a.get("prometheus.io/scrape") == "true" for a in marks):
        return "the annotation prometheus.io/scrape"
    if any(key.startswith("ad.datadoghq.com/") and key.endswith(".checks") for key in workload.annotations):
        return "annotations of the Datadog agent"
    if any(key.startswith("instrumentation.opentelemetry.io/inject-") for key in workload.annotations):
        return "OpenTelemetry's operator"
    pushes = (e.text("name") in _PUSHES for c in workload.running() for e in c.environment())
    return "a push by OpenTelemetry" if any(pushes) else ""
