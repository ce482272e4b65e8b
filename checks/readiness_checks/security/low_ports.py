from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.security import PodSpecs, named


@check(Severity.LOW)
def low_ports(
    pods: PodSpecs,
    *,
    first: Annotated[int, "the lowest port that an ordinary user may listen on", Stricter.HIGHER] = 1024,
) -> Findings:
    """Containers listen on ports that an ordinary user may open.

    Why: a port below 1024 needs root or a capability on many runtimes, so the low port is what keeps the service
        privileged.
    Fix: let the process listen on a high port, such as 8080, and map it in the Service's `targetPort`.
    Peers: kube-linter privileged-ports, Trivy KSV-0117.
    Source: Pod Security Standards, restricted, "Capabilities" (NET_BIND_SERVICE):
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        for container in pod.containers:
            for port in container.ports:
                if port.number is not None:
                    yield port.node.at("containerPort").expect(
                        port.number >= first, f"{named(container)} listens on {port.number}, wants {first} or above"
                    )
