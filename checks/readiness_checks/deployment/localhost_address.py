import re

from readiness import Findings, Severity, check
from readiness.facts.configuration import Configuration, Variable
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workload

_LISTENS = re.compile(r"LISTEN|BIND|SERVE_|_ON\Z|ALLOWED|TRUSTED|NO_PROXY|\AHOST\Z|\AADDRESS\Z", re.IGNORECASE)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@check(Severity.MEDIUM)
def localhost_address(configuration: Configuration, settings: ServiceSettings) -> Findings:
    """No variable sends a container to itself for something that runs elsewhere.

    Why: an address that worked on a developer's machine points into the empty pod here; the dependency is never
        reached.
    Fix: write the Service's name, such as `db.shop.svc:5432`; keep `localhost` for sidecars of the same pod.
    Peers: none.
    Source: Kubernetes, "DNS for Services and Pods": https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
    """
    if settings.profile == "development":
        return
    for workload, container, variable in configuration.all_variables:
        host = variable.host
        if not host or _LISTENS.search(variable.name):
            continue
        local = host in _LOCAL and not _served_within(workload, variable)
        yield variable.node.expect(
            not local,
            f"{container.title}: {variable.name} is {variable.shown}, wants the address of another pod's Service"
            if local
            else f"{container.title}: {variable.name} names a host",
        )


def _served_within(workload: Workload, variable: Variable) -> bool:
    """Whether another container of the pod, or the one itself by a declared port, may answer there."""
    if sum(1 for _ in workload.running()) > 1 or workload.pod.boolean("hostNetwork"):
        return True
    port = re.search(r":(\d{1,5})(?:/|\Z)", variable.value)
    return port is not None and any(p.number == int(port[1]) for c in workload.running() for p in c.ports)
