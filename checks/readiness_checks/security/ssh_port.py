from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.security import PodSpecs, named


@check(Severity.MEDIUM)
def ssh_port(
    pods: PodSpecs,
    *,
    ports: Annotated[tuple[int, ...], "ports of remote shells", Stricter.MORE] = (22, 23, 2222),
) -> Findings:
    """No container offers a remote shell.

    Why: a login daemon in a container is a second way in, with its own keys and without the cluster's audit log.
    Fix: remove the daemon and its port; `kubectl exec` and `kubectl debug` do the same under RBAC and audit.
    Peers: kube-linter ssh-port, Kubescape C-0042, Checkov CKV_DOCKER_1, Trivy DS-0004.
    Source: NIST SP 800-190, section 4.4: https://csrc.nist.gov/pubs/sp/800/190/final
    """
    for pod in pods:
        for container in pod.containers:
            for port in container.ports:
                if port.number is not None and port.protocol == "TCP":
                    yield port.node.at("containerPort").expect(
                        port.number not in ports, f"{named(container)} offers port {port.number}, wants no remote shell"
                    )
