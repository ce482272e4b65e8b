"""Pod Security Admission: which pods the API server refuses at which level."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from readiness.facts import security
from readiness.facts.security import NEWEST, USER_NAMESPACES, PodSpec
from readiness.model import Finding

LEVELS = ("privileged", "baseline", "restricted")
"""From the widest to the narrowest."""
BASELINE_CAPABILITIES = frozenset(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID "
    "SYS_CHROOT".split()
)
RESTRICTED_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})

Look = Callable[[PodSpec, int], Iterator[Finding]]
_BASELINE: tuple[tuple[int, Look], ...] = (
    (0, lambda pod, _: security.privileged(pod)),
    (0, lambda pod, _: security.host_namespace(pod, "hostPID")),
    (0, lambda pod, _: security.host_namespace(pod, "hostIPC")),
    (0, lambda pod, _: security.host_namespace(pod, "hostNetwork")),
    (0, lambda pod, _: security.host_ports(pod)),
    (0, lambda pod, _: security.host_paths(pod)),
    (0, lambda pod, _: security.host_process(pod)),
    (0, lambda pod, _: security.added_capabilities(pod, BASELINE_CAPABILITIES)),
    (0, lambda pod, _: security.apparmor(pod)),
    (0, security.selinux),
    (0, lambda pod, minor: security.sysctls(pod, (), minor)),
    (0, lambda pod, minor: iter(()) if pod.own_users and minor >= USER_NAMESPACES else security.proc_mounts(pod)),
    (19, lambda pod, _: security.seccomp(pod, required=False)),
    (34, lambda pod, _: security.probe_hosts(pod)),
)
_RESTRICTED: tuple[tuple[int, Look], ...] = (
    (0, lambda pod, _: security.volume_types(pod)),
    (0, security.non_root),
    (8, lambda pod, _: security.privilege_escalation(pod)),
    (19, lambda pod, _: security.seccomp(pod)),
    (22, lambda pod, _: security.dropped_capabilities(pod)),
    (22, lambda pod, _: security.added_capabilities(pod, RESTRICTED_CAPABILITIES)),
    (23, security.root_user),
    (USER_NAMESPACES, lambda pod, _: security.proc_mounts(pod)),
)


def refusals(pod: PodSpec, level: str, minor: int = NEWEST) -> Iterator[Finding]:
    """Why the plugin would refuse this pod at `level`, by the standards of Kubernetes 1.`minor` (25 or later)."""
    looks = {"baseline": _BASELINE, "restricted": (*_BASELINE, *_RESTRICTED)}.get(level, ())
    for since, look in looks:
        if since <= minor:
            yield from (finding for finding in look(pod, minor) if not finding.ok)
