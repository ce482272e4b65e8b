"""What is inside a pod: containers, probes, resources, security."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from readiness.facts.images import ImageReference
from readiness.facts.objects import Node
from readiness.facts.quantities import quantity
from readiness.facts.shell import Command, Word, read_shell
from readiness.model import Place

_LENGTH = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)\Z")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Role(StrEnum):
    """What a container is for. A sidecar is an init container that keeps running (`restartPolicy: Always`)."""

    MAIN = "container"
    INIT = "init container"
    SIDECAR = "sidecar"
    EPHEMERAL = "ephemeral container"


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe with the defaults that Kubernetes fills in (seconds, and counts of tries)."""

    node: Node

    def _number(self, key: str, default: int) -> int:
        value = self.node.integer(key)
        return default if value is None else value

    @property
    def handler(self) -> str:
        """`httpGet`, `tcpSocket`, `exec` or `grpc`; empty where none is written."""
        return next((h for h in ("httpGet", "tcpSocket", "exec", "grpc") if self.node.get(h).exists), "")

    @property
    def initial_delay(self) -> int:
        return self._number("initialDelaySeconds", 0)

    @property
    def period(self) -> int:
        return self._number("periodSeconds", 10)

    @property
    def timeout(self) -> int:
        return self._number("timeoutSeconds", 1)

    @property
    def failure_threshold(self) -> int:
        return self._number("failureThreshold", 3)

    @property
    def budget(self) -> int:
        """Seconds of failing before the kubelet acts: period times failureThreshold."""
        return self.period * self.failure_threshold

    @property
    def port(self) -> int | str | None:
        """The port it asks, by number or name; None for exec."""
        return self.node.number_or_name(self.handler, "port") if self.handler else None

    def same_handler(self, other: Probe) -> bool:
        return self.handler == other.handler and self.node.raw(self.handler) == other.node.raw(other.handler)


@dataclass(frozen=True, slots=True)
class Port:
    """One declared container port."""

    node: Node

    @property
    def number(self) -> int | None:
        return self.node.integer("containerPort")

    @property
    def name(self) -> str:
        return self.node.text("name") or ""

    @property
    def protocol(self) -> str:
        return self.node.text("protocol") or "TCP"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, with the pod around it, since the pod's security context counts too."""

    node: Node
    role: Role
    pod: Node

    @property
    def name(self) -> str:
        return self.node.text("name") or ""

    @property
    def title(self) -> str:
        """How a message names it: `container web`, `sidecar proxy`."""
        return f"{self.role} {self.name or 'without a name'}"

    @property
    def image(self) -> str:
        return self.node.text("image") or ""

    @property
    def reference(self) -> ImageReference | None:
        return ImageReference.parse(self.image)

    @property
    def runs_on(self) -> bool:
        """Whether it runs as long as the pod: main containers and sidecars."""
        return self.role in {Role.MAIN, Role.SIDECAR}

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)

    def probe(self, which: str) -> Probe | None:
        """`readiness`, `liveness` or `startup`; None where none is written."""
        node = self.node.get(f"{which}Probe")
        return Probe(node) if node.mapping() else None

    @property
    def ports(self) -> tuple[Port, ...]:
        return tuple(Port(node) for node in self.node.each("ports"))

    def request(self, resource: str) -> Decimal | None:
        """The request as the scheduler sees it: where only a limit is written, the limit is the request."""
        asked = quantity(self.node.raw("resources", "requests", resource))
        return asked if asked is not None else self.limit(resource)

    def limit(self, resource: str) -> Decimal | None:
        return quantity(self.node.raw("resources", "limits", resource))

    def security(self, field: str) -> Node:
        """A field of the security context: the container's own where it is written, else the pod's."""
        own = self.node.get("securityContext", field)
        return own if own.exists else self.pod.get("securityContext", field)

    def environment(self) -> Iterator[Node]:
        return self.node.each("env")

    @property
    def pre_stop(self) -> Node:
        """What runs before it is told to stop."""
        return self.node.get("lifecycle", "preStop")

    @property
    def pre_stop_seconds(self) -> int:
        """The seconds its preStop hook sleeps, natively or by a `sleep` command; 0 where that cannot be read off."""
        native = self.pre_stop.integer("sleep", "seconds")
        if native is not None:
            return native
        words = [w for w in self.pre_stop.sequence("exec", "command") if isinstance(w, str)]
        return sum(_slept(command) for command in commands(words))

    @property
    def command_line(self) -> list[str]:
        """The words of `command` and `args`; empty where the image decides."""
        words = (*self.node.sequence("command"), *self.node.sequence("args"))
        return [w for w in words if isinstance(w, str)]


def commands(words: Sequence[str]) -> tuple[Command, ...]:
    """The simple commands that an argument vector runs: itself, or those of the script that a shell is given.

    Those of the script itself have the depth 0. Of a script that no shell takes, nothing is claimed.
    """
    own = Command(tuple(Word(word, 0) for word in words), 0)
    if own.script is None:
        return (own,) if words else ()
    read = read_shell(own.script.text)
    return () if read.fault else read.commands


def shell_script(words: Sequence[str]) -> str | None:
    """The script in `sh -c SCRIPT`, or None where the argument vector runs no shell that way."""
    script = Command(tuple(Word(word, 0) for word in words), 0).script
    return None if script is None else script.text


def _slept(command: Command) -> int:
    """The seconds of a `sleep` command: with a unit or none, several added up, as GNU sleep reads them."""
    if command.name != "sleep":
        return 0
    matches = [_LENGTH.match(length) for length in command.arguments]
    return math.ceil(sum(float(m[1]) * _UNITS[m[2]] for m in matches if m))


def containers(pod: Node) -> Iterator[Container]:
    """Every container of a pod spec: init containers and sidecars, main ones, ephemeral ones."""
    for node in pod.each("initContainers"):
        yield Container(node, Role.SIDECAR if node.text("restartPolicy") == "Always" else Role.INIT, pod)
    for node in pod.each("containers"):
        yield Container(node, Role.MAIN, pod)
    for node in pod.each("ephemeralContainers"):
        yield Container(node, Role.EPHEMERAL, pod)


def pod_request(pod: Node, resource: str, *, limits: bool = False) -> Decimal:
    """What the scheduler sets aside for the pod, in cores or bytes; with `limits`, what its limits add up to.

    Main containers and sidecars together, or the hungriest init container with the sidecars started before it,
    whichever is more, plus the overhead; a request for the whole pod comes first. This is the rule of KEP-753.
    """
    whole = quantity(pod.raw("resources", "limits" if limits else "requests", resource))
    overhead = quantity(pod.raw("overhead", resource)) or Decimal(0)
    if whole is not None:
        return whole + overhead
    together, sidecars, starting = Decimal(0), Decimal(0), Decimal(0)
    for container in containers(pod):
        amount = (container.limit(resource) if limits else container.request(resource)) or Decimal(0)
        if container.role is Role.INIT:
            starting = max(starting, sidecars + amount)
        elif container.runs_on:
            together += amount
            if container.role is Role.SIDECAR:
                sidecars += amount
    return max(together, starting) + overhead
