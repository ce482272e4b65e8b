"""What lets traffic in from outside: Ingresses, Gateways, their routes and OpenShift Routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.services import Service
from readiness.model import Place

ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
NGINX = "nginx.ingress.kubernetes.io/"
_OLD_CLASS = "kubernetes.io/ingress.class"


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that an Ingress or a route sends traffic to. `port` is a number or a name; None where unwritten."""

    node: Node
    at_port: Place
    namespace: str
    name: str
    port: int | str | None


@dataclass(frozen=True, slots=True)
class Path:
    """One host and path of an Ingress; an empty host means every host."""

    node: Node
    host: str
    path: str
    type: str


@dataclass(frozen=True, slots=True)
class Ingress:
    """One Ingress of networking.k8s.io, or of its older groups."""

    resource: Resource

    @property
    def class_name(self) -> str:
        """The class it asks for, by its field or by the older annotation; empty for the cluster's default."""
        return self.resource.node.text("spec", "ingressClassName") or self.resource.annotations.get(_OLD_CLASS, "")

    def at(self, *steps: str | int) -> Place:
        return self.resource.at(*steps)

    def rules(self) -> Iterator[Node]:
        return self.resource.node.each("spec", "rules")

    def paths(self) -> Iterator[Path]:
        for rule in self.rules():
            host = rule.text("host") or ""
            for node in rule.each("http", "paths"):
                path = node.text("path") or "/"
                yield Path(node, host, path, node.text("pathType") or "ImplementationSpecific")

    def covered_hosts(self) -> Iterator[tuple[Node, list[str], str]]:
        """Each block of `spec.tls`: where it stands, its hosts, and the name of its secret."""
        for block in self.resource.node.each("spec", "tls"):
            hosts = [host for host in block.sequence("hosts") if isinstance(host, str)]
            yield block, hosts, block.text("secretName") or ""

    def backends(self) -> Iterator[Backend]:
        """The Services it sends traffic to, the default one included."""
        spec = self.resource.get("spec")
        nodes = [spec.get("defaultBackend"), spec.get("backend"), *(path.node.get("backend") for path in self.paths())]
        for node in nodes:
            if node.get("service").mapping():
                name, number = node.text("service", "name"), node.integer("service", "port", "number")
                port = number if number is not None else node.text("service", "port", "name")
                place = node.at("service", "port")
            elif node.text("serviceName"):
                name, port = node.text("serviceName"), node.number_or_name("servicePort")
                place = node.at("servicePort")
            else:
                continue
            yield Backend(node, place, self.resource.namespace, name or "", port)


class Ingresses:
    """All Ingresses of one origin."""

    kinds = frozenset({"Ingress"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(Ingress(r) for r in objects.of("Ingress"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Ingress]:
        return iter(self._items)


class IngressClasses:
    """All IngressClasses of one origin."""

    kinds = frozenset({"IngressClass"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(objects.of("IngressClass"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def controller(self, name: str) -> str:
        """The controller of the class of that name; empty where the class is not among the objects."""
        return next((r.node.text("spec", "controller") or "" for r in self._items if r.name == name), "")


@dataclass(frozen=True, slots=True)
class Gateway:
    """One Gateway of the Gateway API."""

    resource: Resource

    def listeners(self) -> Iterator[Node]:
        return self.resource.node.each("spec", "listeners")


class Gateways:
    """All Gateways of one origin."""

    kinds = frozenset({"Gateway"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(Gateway(r) for r in objects.of("Gateway"))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Gateway]:
        return iter(self._items)


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One route of the Gateway API."""

    resource: Resource

    def hostnames(self) -> Iterator[tuple[Node, str]]:
        """Each host that it is for."""
        for node in self.resource.node.each("spec", "hostnames"):
            if isinstance(node.value, str):
                yield node, node.value

    def rules(self) -> Iterator[Node]:
        return self.resource.node.each("spec", "rules")

    def backends(self) -> Iterator[Backend]:
        """The Services it sends traffic to; other kinds of backends are left out."""
        for rule in self.rules():
            for node in rule.each("backendRefs"):
                if (node.text("kind") or "Service") == "Service" and not node.text("group"):
                    home = node.text("namespace") or self.resource.namespace
                    yield Backend(node, node.at("port"), home, node.text("name") or "", node.integer("port"))


class GatewayRoutes:
    """All routes of the Gateway API of one origin."""

    kinds = frozenset(ROUTE_KINDS)

    def __init__(self, objects: Objects) -> None:
        group = "gateway.networking.k8s.io"
        found = (r for kind in ROUTE_KINDS for r in objects.of(kind) if r.group in {"", group})
        self._items = tuple(GatewayRoute(r) for r in found)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[GatewayRoute]:
        return iter(self._items)


def has_port(service: Service, port: int | str | None) -> bool:
    """Whether a Service has the port that a backend asks for; an unwritten one asks for none."""
    if port is None:
        return True
    return any(
        node.integer("port") == port or node.text("name") == port
        for node in service.resource.node.each("spec", "ports")
    )


def ports_of(service: Service) -> str:
    """The ports of a Service as messages give them: `80 (http), 9090`."""
    said = []
    for node in service.resource.node.each("spec", "ports"):
        name = node.text("name")
        said.append(f"{node.integer('port')} ({name})" if name else f"{node.integer('port')}")
    return ", ".join(said) or "none"


def host_matches(pattern: str, host: str) -> bool:
    """Whether a name of a certificate or a TLS block covers `host`; `*.` stands for exactly one label."""
    pattern, host = pattern.lower(), host.lower()
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] if not host.startswith("*.") else host == pattern
    return pattern == host


class VirtualServices:
    """Istio's VirtualServices of one origin."""

    kinds = frozenset({"VirtualService"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(r for r in objects.of("VirtualService") if r.group in {"", "networking.istio.io"})

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def routes(self) -> Iterator[Node]:
        """Their HTTP routes that send traffic on."""
        for resource in self._items:
            for rule in resource.node.each("spec", "http"):
                if rule.sequence("route"):
                    yield rule
