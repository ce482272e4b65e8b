"""What configures a workload: variables, with their values as far as they are written, and ConfigMaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from readiness.facts.naming import dns_name_fault
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container
from readiness.facts.workloads import Workload, Workloads

_SENSITIVE = re.compile(r"pass(?:word|wd|phrase)?|secret|token|credential|api_?key|private_?key|auth", re.IGNORECASE)
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?)(?::(\d{1,5}))?\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable with a value that is written down, here or in a ConfigMap of the set.

    `node` is where the value is written. `sensitive` says that its name speaks of a secret: its value is not to be
    shown.
    """

    name: str
    value: str
    node: Node

    @property
    def sensitive(self) -> bool:
        return bool(_SENSITIVE.search(self.name))

    @property
    def shown(self) -> str:
        """The value as a message may show it."""
        if self.sensitive:
            return "a value that is not shown"
        short = self.value if len(self.value) <= 60 else self.value[:57] + "…"
        return f"`{_without_credentials(short)}`"

    @property
    def host(self) -> str:
        """The host that the value names, as a URL or as `host:port`; lower case, empty where there is none."""
        return host_of(self.value)


def host_of(text: str) -> str:
    """The host in a URL, in `host:port` or in a DNS name with a dot; lower case, empty where there is none."""
    if "://" in text:
        try:
            return (urlsplit(text.strip()).hostname or "").lower()
        except ValueError:
            return ""
    match = _HOST_PORT.match(text.strip())
    if not match:
        return ""
    host = match[1].strip("[]").lower()
    if match[2] is None and ("." not in host or host.rpartition(".")[2].isdecimal()) and host != "localhost":
        return host if host == "127.0.0.1" else ""
    return host if not dns_name_fault(host) or ":" in host else ""


def _without_credentials(text: str) -> str:
    head, separator, tail = text.partition("://")
    return f"{head}://…@{tail.rpartition('@')[2]}" if separator and "@" in tail else text


class Configuration:
    """How the workloads of one origin are configured."""

    kinds = frozenset({"ConfigMap"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        self.workloads = workloads
        self.maps = {(r.namespace, r.name): r for r in objects.of("ConfigMap")}

    def variables(self, workload: Workload, container: Container) -> Iterator[Variable]:
        """The variables of a container whose values are known, in the order in which Kubernetes sets them."""
        for source in container.node.each("envFrom"):
            resource = self.maps.get((workload.namespace, source.text("configMapRef", "name") or ""))
            if resource is not None:
                prefix = source.text("prefix") or ""
                for key, node in resource.node.entries("data"):
                    if isinstance(node.value, str):
                        yield Variable(f"{prefix}{key}", node.value, node)
        for entry in container.environment():
            name, written = entry.text("name"), entry.text("value")
            if name and written is not None:
                yield Variable(name, written, entry.get("value"))
            elif name:
                found = self._referenced(workload, entry.get("valueFrom", "configMapKeyRef"))
                if found is not None and isinstance(found.value, str):
                    yield Variable(name, found.value, found)

    def _referenced(self, workload: Workload, reference: Node) -> Node | None:
        resource = self.maps.get((workload.namespace, reference.text("name") or ""))
        key = reference.text("key")
        return resource.get("data", key) if resource is not None and key is not None else None

    @cached_property
    def all_variables(self) -> tuple[tuple[Workload, Container, Variable], ...]:
        """Every known variable of every container."""
        return tuple(
            (workload, container, variable)
            for workload in self.workloads
            for container in workload.containers()
            for variable in self.variables(workload, container)
        )

    def read_at_start(self, workload: Workload) -> Iterator[tuple[Node, Resource]]:
        """The ConfigMaps of the set that the workload reads only when it starts: as variables, or by subPath."""
        for container in workload.containers():
            for source in container.node.each("envFrom"):
                yield from self._found(workload, source.get("configMapRef", "name"))
            for entry in container.environment():
                yield from self._found(workload, entry.get("valueFrom", "configMapKeyRef", "name"))
            by_path = {m.text("name") for m in container.node.each("volumeMounts") if m.text("subPath")}
            for volume in workload.pod.each("volumes"):
                if volume.text("name") in by_path:
                    yield from self._found(workload, volume.get("configMap", "name"))

    def _found(self, workload: Workload, name: Node) -> Iterator[tuple[Node, Resource]]:
        resource = self.maps.get((workload.namespace, name.value)) if isinstance(name.value, str) else None
        if resource is not None:
            yield name, resource
