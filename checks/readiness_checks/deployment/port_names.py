from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.naming import dns_label_fault, port_name_fault
from readiness.facts.objects import Node
from readiness.facts.pods import Container
from readiness.facts.services import Service, Services
from readiness.facts.workloads import Workloads

_Fault = tuple[Node, str]


@check(Severity.HIGH)
def port_names(workloads: Workloads, services: Services) -> Findings:
    """Every port has a name of its own that Kubernetes accepts.

    Why: the API server refuses duplicate and malformed names, and a Service with several ports whose names are missing.
    Fix: give each port a short name such as `http` or `metrics`, once per container and once per Service.
    Peers: kube-score service-port names, kube-linter invalid-target-ports, Popeye POP-105 and POP-108.
    Source: Kubernetes, "Service", multi-port Services:
        https://kubernetes.io/docs/concepts/services-networking/service/#multi-port-services
    """
    for workload in workloads:
        for container in workload.containers():
            faults = list(_of_container(container))
            yield from (node.expect(False, f"{container.title}: {message}") for node, message in faults)
            if container.ports and not faults:
                yield container.at("ports").expect(True, f"{container.title}: names its ports well")
    for service in services:
        faults = list(_of_service(service))
        yield from (node.expect(False, message) for node, message in faults)
        if not faults and service.resource.node.sequence("spec", "ports"):
            yield service.at("spec", "ports").expect(True, "names its ports well")


def _of_container(container: Container) -> Iterator[_Fault]:
    seen = set()
    for port in container.ports:
        fault = port_name_fault(port.name) if port.name else ""
        if fault:
            yield port.node.get("name"), f"port name `{port.name[:60]}` {fault}"
        elif port.name and port.name in seen:
            yield port.node.get("name"), f"has two ports named `{port.name}`, wants different names"
        seen.add(port.name)


def _of_service(service: Service) -> Iterator[_Fault]:
    ports = list(service.resource.node.each("spec", "ports"))
    names, numbers = set(), set()
    for port in ports:
        name = port.text("name") or ""
        fault = dns_label_fault(name) if name else ""
        if len(ports) > 1 and not name:
            yield port, "has a port without a name beside others, wants a name for each"
        elif fault:
            yield port.get("name"), f"port name `{name[:60]}` {fault}"
        elif name and name in names:
            yield port.get("name"), f"has two ports named `{name}`, wants different names"
        target = port.text("targetPort")
        fault = port_name_fault(target) if target and not target.isdecimal() else ""
        if fault:
            yield port.get("targetPort"), f"targetPort `{(target or '')[:60]}` {fault}"
        number = (port.text("protocol") or "TCP", port.integer("port"))
        if number[1] is not None and number in numbers:
            yield port.get("port"), f"has port {number[1]} twice, wants it once"
        names.add(name)
        numbers.add(number)
