from readiness import Findings, Severity, check
from readiness.facts.pods import Port
from readiness.facts.services import Services, target_of


@check(Severity.HIGH)
def service_target_port(services: Services) -> Findings:
    """Every port of a Service leads to a port of its pods.

    Why: a named target that no container declares gives the Service no endpoint for that port; a number nobody
        listens on refuses each connection.
    Fix: correct `targetPort`, or declare the port, with that name, in the container's `ports`.
    Peers: kube-linter invalid-target-ports, Popeye POP-1106.
    Source: Kubernetes, "Service", "Field spec.ports":
        https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    for service in services:
        declared = [port for w in service.workloads for c in w.running() for port in c.ports]
        for node in service.resource.node.each("spec", "ports"):
            target = target_of(node)
            if not service.workloads or target is None:
                continue
            if isinstance(target, int) and not declared:
                continue  # containers need not declare their ports
            protocol = node.text("protocol") or "TCP"
            found = any(protocol == port.protocol and target in (port.number, port.name) for port in declared)
            yield node.at("targetPort").expect(
                found,
                f"leads to {target}/{protocol}, wants one of {_listed(declared)}",
                severity=None if isinstance(target, str) else Severity.MEDIUM,
            )


def _listed(ports: list[Port]) -> str:
    named = [f"{p.number}/{p.protocol}" + (f" ({p.name})" if p.name else "") for p in ports]
    return ", ".join(dict.fromkeys(named)) or "no declared ports"
