"""Pod security: the controls of Kubernetes' Pod Security Standards.

Each control yields a finding, good or bad, for every field it speaks of. The rules, and the versions that brought them,
are those of https://kubernetes.io/docs/concepts/security/pod-security-standards/ and of its admission plugin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node
from readiness.facts.pods import Container
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Finding, Place, Severity

NEWEST = 1_000
"""A minor version newer than any: the standards as they are today."""

SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
    "net.ipv4.tcp_slow_start_after_idle": 37,
    "net.ipv4.tcp_notsent_lowat": 37,
}
"""Safe sysctls with the minor version of the standards that permitted them."""
SELINUX_TYPES = {"": 0, "container_t": 0, "container_init_t": 0, "container_kvm_t": 0, "container_engine_t": 31}
USER_NAMESPACES = 35
"""Since this minor version the standards let root be root in a pod with users of its own."""
VOLUME_TYPES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split()
)
PROFILES = frozenset({"RuntimeDefault", "Localhost"})
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_HANDLERS = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


@dataclass(frozen=True, slots=True)
class PodSpec:
    """The pod that a workload makes. `containers` are all of them, init and ephemeral ones too."""

    workload: Workload
    spec: Node
    containers: tuple[Container, ...]

    @property
    def windows(self) -> bool:
        """Whether it says that it runs on Windows, where some Linux controls mean nothing."""
        return self.spec.text("os", "name") == "windows"

    @property
    def own_users(self) -> bool:
        """Whether it has a user namespace of its own, in which root is nobody on the node."""
        return self.spec.boolean("hostUsers") is False

    @property
    def host_network(self) -> bool:
        return self.spec.boolean("hostNetwork") is True

    def at(self, *steps: str | int) -> Place:
        return self.spec.at(*steps)

    def security(self, *steps: str) -> Node:
        """A field of the pod's own security context."""
        return self.spec.get("securityContext", *steps)

    def written(self, *steps: str) -> Iterator[tuple[Node, str]]:
        """A field of security contexts wherever it is written, the pod's first, and how messages call who has it."""
        where = [(self.security(*steps), "the pod")]
        where += [(c.node.get("securityContext", *steps), named(c)) for c in self.containers]
        return (found for found in where if found[0].exists)

    def volumes(self) -> Iterator[Node]:
        return self.spec.each("volumes")


class PodSpecs:
    """The pods of all workloads of one origin; a template that two workloads share is there once."""

    def __init__(self, workloads: Workloads) -> None:
        # Rollouts may share the template of one Deployment.
        templates = {(id(w.template.anchor), w.template.route): w for w in workloads}
        self._items = tuple(PodSpec(w, w.pod, tuple(w.containers())) for w in templates.values() if w.pod.mapping())

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[PodSpec]:
        return iter(self._items)


def named(container: Container) -> str:
    """How messages call a container: `sidecar proxy`."""
    return f"{container.role.value} {container.name}".rstrip()


def spelled(value: object) -> str:
    """A value as YAML has it; `unset` for None."""
    if value is None:
        return "unset"
    return str(value).lower() if isinstance(value, bool) else str(value)


def privileged(pod: PodSpec) -> Iterator[Finding]:
    for container in pod.containers:
        on = container.node.boolean("securityContext", "privileged") is True
        said = "privileged" if on else "unprivileged"
        yield container.at("securityContext", "privileged").expect(
            not on, f"{named(container)} runs {said}, wants unprivileged"
        )


def host_namespace(pod: PodSpec, field: str) -> Iterator[Finding]:
    """`field` is hostPID, hostIPC or hostNetwork."""
    value = pod.spec.boolean(field)
    yield pod.at(field).expect(value is not True, f"{field} is {spelled(value)}, wants it unset or false")


def host_ports(pod: PodSpec) -> Iterator[Finding]:
    for container in pod.containers:
        for port in container.node.each("ports"):
            number = port.integer("hostPort") or 0
            held = f"takes port {number} of the node" if number else "takes no port of the node"
            yield port.at("hostPort").expect(not number, f"{named(container)} {held}, wants none")


def host_path_volumes(pod: PodSpec) -> Iterator[Node]:
    return (volume for volume in pod.volumes() if volume.get("hostPath").exists)


def host_paths(pod: PodSpec) -> Iterator[Finding]:
    found = False
    for volume in host_path_volumes(pod):
        found = True
        path = volume.text("hostPath", "path") or "?"
        yield volume.at("hostPath").expect(
            False, f"volume {volume.text('name')} mounts {path} of the node, wants no hostPath"
        )
    if not found:
        yield pod.at("volumes").expect(True, "mounts nothing of the node")


def host_process(pod: PodSpec) -> Iterator[Finding]:
    """Of Windows pods: the pod and every container that speaks of it."""
    for node, who in pod.written("windowsOptions", "hostProcess"):
        yield node.expect(node.value is not True, f"{who} has hostProcess {spelled(node.value)}, wants false")


def non_root(pod: PodSpec, minor: int = NEWEST) -> Iterator[Finding]:
    """runAsNonRoot. The container's own word wins, but a pod that says false is refused whatever its containers say."""
    if pod.own_users and minor >= USER_NAMESPACES:
        yield pod.at("hostUsers").expect(True, "root of this pod is nobody on the node")
        return
    own = pod.security("runAsNonRoot")
    refused = own.value is False
    if refused:
        yield own.expect(False, "the pod has runAsNonRoot false, wants true")
    for container in pod.containers:
        node = container.node.get("securityContext", "runAsNonRoot")
        if node.exists or not refused:
            value = node.value if node.exists else own.value
            place = own.at() if own.exists and not node.exists else node.at()
            # An ordinary user is asked for, but another image or another value would be taken just as well.
            severity = (
                Severity.MEDIUM if value is None and (container.security("runAsUser").integer() or 0) > 0 else None
            )
            said = f"{named(container)} has runAsNonRoot {spelled(value)}, wants true"
            yield place.expect(value is True, said, severity=severity)


def root_user(pod: PodSpec, minor: int = NEWEST) -> Iterator[Finding]:
    """runAsUser, wherever one is written."""
    if pod.own_users and minor >= USER_NAMESPACES:
        return
    for node, who in pod.written("runAsUser"):
        yield node.expect(node.integer() != 0, f"{who} runs as user {node.value}, wants any but 0")


def privilege_escalation(pod: PodSpec) -> Iterator[Finding]:
    for container in () if pod.windows else pod.containers:
        node = container.node.get("securityContext", "allowPrivilegeEscalation")
        yield node.expect(
            node.value is False, f"{named(container)} has allowPrivilegeEscalation {spelled(node.value)}, wants false"
        )


def capabilities(container: Container, which: str) -> list[tuple[Node, str]]:
    """The capabilities that a container adds or drops (`which`), in the standards' spelling."""
    items = container.node.each("securityContext", "capabilities", which)
    return [(node, node.value) for node in items if isinstance(node.value, str)]


def dropped_capabilities(pod: PodSpec) -> Iterator[Finding]:
    for container in () if pod.windows else pod.containers:
        names = [name for _, name in capabilities(container, "drop")]
        yield container.at("securityContext", "capabilities", "drop").expect(
            "ALL" in names,
            f"{named(container)} drops {', '.join(names) or 'nothing'}, wants ALL",
            severity=Severity.LOW if "all" in names else None,  # runtimes understand it, admission does not
        )


def added_capabilities(pod: PodSpec, permitted: Collection[str]) -> Iterator[Finding]:
    """Every capability that is added; the container where it adds none."""
    wanted = f"wants at most {', '.join(sorted(permitted))}" if permitted else "wants none"
    for container in () if pod.windows else pod.containers:
        added = capabilities(container, "add")
        for node, name in added:
            yield node.expect(name in permitted, f"{named(container)} adds {name}, {wanted}")
        if not added:
            yield container.at("securityContext", "capabilities", "add").expect(
                True, f"{named(container)} adds nothing"
            )


def seccomp(pod: PodSpec, *, required: bool = True) -> Iterator[Finding]:
    """The seccomp profile. Baseline asks only that none is unconfined; restricted wants one for each container."""
    if required and pod.windows:
        return
    own = pod.security("seccompProfile", "type")
    wanted = "wants RuntimeDefault or Localhost"
    refused = own.exists and own.text() not in PROFILES
    if refused:
        yield own.expect(False, f"the pod has the seccomp profile {own.value}, {wanted}")
    for container in pod.containers:
        node = container.node.get("securityContext", "seccompProfile", "type")
        if node.exists:
            good, place = node.text() in PROFILES, node.at()
        elif refused:
            continue
        else:
            good, place = own.exists or not required, own.at() if own.exists else node.at()
        value = node.value if node.exists else own.value
        yield place.expect(good, f"{named(container)} has the seccomp profile {spelled(value)}, {wanted}")


def apparmor(pod: PodSpec) -> Iterator[Finding]:
    """AppArmor profiles wherever one is written: as a field, or by the older annotation."""
    for node, who in pod.written("appArmorProfile", "type"):
        good = node.text() in PROFILES
        yield node.expect(good, f"{who} has the AppArmor profile {node.value}, wants RuntimeDefault or Localhost")
    for key, node in pod.workload.template.entries("metadata", "annotations"):
        if key.startswith(APPARMOR) and isinstance(node.value, str):
            good = node.value in ("", "runtime/default") or node.value.startswith("localhost/")
            who = f"container {key.removeprefix(APPARMOR)}"
            yield node.expect(
                good, f"{who} has the AppArmor profile {node.value}, wants runtime/default or localhost/…"
            )


def selinux(pod: PodSpec, minor: int = NEWEST) -> Iterator[Finding]:
    """SELinux options wherever they are written: a container type, and neither user nor role."""
    for node, who in pod.written("seLinuxOptions"):
        if not node.mapping():
            continue
        kind = node.text("type") or ""
        bad = [] if SELINUX_TYPES.get(kind, NEWEST + 1) <= minor else [f"type {kind}"]
        bad += [f"{key} {node.text(key)}" for key in ("user", "role") if node.text(key)]
        yield node.expect(
            not bad, f"{who} sets the SELinux {' and '.join(bad) or 'options'}, wants a container type alone"
        )


def proc_mounts(pod: PodSpec) -> Iterator[Finding]:
    """procMount wherever one is written."""
    for container in pod.containers:
        node = container.node.get("securityContext", "procMount")
        if node.exists:
            yield node.expect(node.value == "Default", f"{named(container)} has procMount {node.value}, wants Default")


def sysctls(pod: PodSpec, permitted: Collection[str] = (), minor: int = NEWEST) -> Iterator[Finding]:
    """Every kernel parameter that the pod sets; `permitted` are further ones."""
    for item in pod.spec.each("securityContext", "sysctls"):
        name = item.text("name") or ""
        good = SAFE_SYSCTLS.get(name, NEWEST + 1) <= minor or name in permitted
        yield item.expect(good, f"sets the kernel parameter {name}, wants a safe one")


def volume_types(pod: PodSpec) -> Iterator[Finding]:
    for volume in pod.volumes():
        kinds = [key for key in volume.mapping() if key != "name" and volume.get(key).exists]
        good = not kinds or not VOLUME_TYPES.isdisjoint(kinds)
        said = f"volume {volume.text('name')} is of type {', '.join(kinds) or 'emptyDir'}"
        yield volume.expect(good, f"{said}, wants {', '.join(sorted(VOLUME_TYPES))}")


def probe_hosts(pod: PodSpec) -> Iterator[Finding]:
    """The host of every HTTP or TCP handler of a probe or a lifecycle hook."""
    for container in pod.containers:
        for route in _HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                node = container.node.get(*route, action)
                if node.mapping():
                    host = node.text("host") or ""
                    aim = host or "its own pod"
                    yield node.at("host").expect(
                        not host, f"{named(container)}: {route[-1]} asks {aim}, wants its own pod"
                    )
