from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFiles, Service
from readiness.facts.objects import Node

_DANGEROUS = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH", "BPF"})
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")


@check(Severity.MEDIUM)
def compose_privileges(files: ComposeFiles) -> Findings:
    """No Compose service has the powers of its machine.

    Why: a privileged container, or one with the engine's socket, is root on the machine for whoever gets into it.
    Fix: remove `privileged`, host namespaces and the socket; add the single capability or device that is needed.
    Peers: Trivy, Checkov and Kubescape have it for Kubernetes only.
    Source: CIS Docker Benchmark 5.4, 5.5, 5.9 and 5.31 (containers, host folders, host network, engine socket).
    """
    for service in files.services():
        found = [*_powers(service)]
        for node, told in found:
            yield node.expect(False, f"{service.name} {told}")
        if not found:
            yield service.at().expect(True, f"{service.name} has no powers of its machine")


def _powers(service: Service) -> Iterator[tuple[Node, str]]:
    if service.node.get("privileged").value is True:
        yield service.node.get("privileged"), "is privileged, wants single capabilities"
    for field in ("network_mode", "pid", "ipc", "userns_mode"):
        if service.node.get(field).value == "host":
            yield service.node.get(field), f"shares {field.partition('_')[0]} with its machine, wants its own"
    for node in service.node.each("cap_add"):
        name = node.value.upper().removeprefix("CAP_") if isinstance(node.value, str) else ""
        if name in _DANGEROUS:
            yield node, f"adds the capability {name}, wants a smaller one"
    for node in service.node.each("volumes"):
        source = node.value.partition(":")[0] if isinstance(node.value, str) else node.text("source") or ""
        if source.endswith(_SOCKETS):
            yield node, f"mounts {source}, wants no engine socket"
        elif source in {"/", "/etc", "/proc", "/root", "/sys", "/var/lib/docker"}:
            yield node, f"mounts {source} of its machine, wants a folder of its own"
