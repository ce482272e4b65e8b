"""What the API server refuses in a pod though the schema allows it: rules of `pkg/apis/core/validation`."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.naming import dns_label_fault
from readiness.facts.objects import Node, Resource
from readiness.facts.pods import Container, Probe, Role, containers

Fault = tuple[Node, str]

_LONG_RUNNING = frozenset({"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController"})
_TEMPLATE = ("spec", "template", "spec")
_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")


def template_faults(resource: Resource) -> Iterator[Fault]:
    """The faults of the pod template of a workload."""
    route = ("spec", "jobTemplate", *_TEMPLATE) if resource.kind == "CronJob" else _TEMPLATE
    pod = resource.get(*route)
    policy = pod.text("restartPolicy")
    if resource.kind in _LONG_RUNNING and policy not in {None, "", "Always"}:
        yield pod.get("restartPolicy"), f"restartPolicy {policy} in a {resource.kind}, which wants Always"
    yield from _pod(pod)


def pod_faults(resource: Resource) -> Iterator[Fault]:
    """The faults of a bare pod."""
    yield from _pod(resource.get("spec"))


def _pod(pod: Node) -> Iterator[Fault]:
    names = set()
    for container in containers(pod):
        name = container.name
        if name and name in names:
            yield container.node.get("name"), f"has two containers named `{name}`, wants different names"
        elif not name or dns_label_fault(name):
            reason = dns_label_fault(name) if name else "is missing"
            yield container.node.get("name"), f"container name `{name[:60]}` {reason}"
        names.add(name)
        yield from _container(container)
    if isinstance(pod.value, dict) and pod.get("containers").value == []:
        yield pod.get("containers"), "has no containers, wants at least one"
    yield from _volumes(pod)


def _volumes(pod: Node) -> Iterator[Fault]:
    names = set()
    for volume in pod.each("volumes"):
        name = volume.text("name") or ""
        if name in names:
            yield volume.get("name"), f"has two volumes named `{name}`, wants different names"
        sources = sorted(key for key, value in volume.mapping().items() if key != "name" and value is not None)
        if len(sources) > 1:
            yield volume, f"volume {name} has {' and '.join(sources)}, wants one source"
        names.add(name)


def _container(container: Container) -> Iterator[Fault]:
    if not container.image:
        yield container.node.get("image"), f"{container.title}: has no image"
    for which in ("readiness", "liveness", "startup"):
        written = container.node.get(f"{which}Probe")
        if not isinstance(written.value, dict):
            continue
        probe = Probe(written)
        if container.role in {Role.INIT, Role.EPHEMERAL}:
            yield probe.node, f"{container.title}: has a {which} probe, which only long-running containers may have"
            continue
        handlers = [h for h in _HANDLERS if probe.node.get(h).exists]
        if len(handlers) != 1:
            said = " and ".join(handlers) or "none"
            yield probe.node, f"{container.title}: the {which} probe asks by {said}, wants exactly one way"
        if which != "readiness" and (probe.node.integer("successThreshold") or 1) != 1:
            yield probe.node.get("successThreshold"), f"{container.title}: the {which} probe wants successThreshold 1"
    for entry in container.environment():
        variable = entry.text("name")
        if variable is not None and not (variable.isascii() and variable.isprintable() and "=" not in variable):
            yield entry.get("name"), f"{container.title}: `{variable[:60]}` is no name for a variable"
        if entry.text("value") and entry.get("valueFrom").exists:
            yield entry, f"{container.title}: {entry.text('name')} has a value and valueFrom, wants one of the two"
