"""What containers take from their environment: variables, and the ConfigMaps and Secrets that bring them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.pods import Container
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Origin, Place

_REFERENCES = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_SOURCES = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))
# Objects that a controller turns into a Secret of a name that they say.
MAKERS = frozenset(
    {"ExternalSecret", "SealedSecret", "Certificate", "VaultStaticSecret", "VaultDynamicSecret", "OnePasswordItem"}
)
# ConfigMaps that every namespace has.
_GIVEN = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a container: a literal value, or a key of an object. `value` is None where it has no literal."""

    name: str
    node: Node
    container: Container
    workload: Workload

    @property
    def value(self) -> str | None:
        return self.node.text("value")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where a pod asks for a ConfigMap or a Secret. `key` is empty where it takes the whole."""

    kind: str
    name: str
    key: str
    optional: bool
    place: Place
    workload: Workload
    how: str


@dataclass(frozen=True, slots=True)
class Source:
    """An object that brings keys. `keys` is None where they cannot be known from here."""

    resource: Resource
    keys: frozenset[str] | None


class Environment:
    """What every container is given, and the objects in the same namespace that give it."""

    kinds = frozenset({"ConfigMap", "Secret"}) | MAKERS

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        self.workloads = workloads
        self._objects = objects
        self._sources: dict[tuple[str, str, str], Source] = {}
        for resource in (*objects.of("ConfigMap"), *objects.of("Secret"), *objects.of(*sorted(MAKERS))):
            kind = "ConfigMap" if resource.kind == "ConfigMap" else "Secret"
            key = (kind, resource.namespace, _made_name(resource))
            self._sources.setdefault(key, Source(resource, _keys(resource)))

    def source(self, reference: Reference) -> Source | None:
        """What brings the object that is asked for; None where nothing here does."""
        return self._sources.get((reference.kind, reference.workload.namespace, reference.name))

    def variables(self) -> Iterator[Variable]:
        """Every variable that a container of a workload is given by name."""
        for workload in self.workloads:
            for container in workload.containers():
                for node in container.environment():
                    yield Variable(node.text("name") or "", node, container, workload)

    def references(self) -> Iterator[Reference]:
        """Every place where a pod asks for a ConfigMap or a Secret: variables, volumes, credentials for images."""
        for workload in self.workloads:
            for container in workload.containers():
                yield from _of_container(workload, container)
            for volume in workload.pod.each("volumes"):
                yield from _of_volume(workload, volume)
            for node in workload.pod.each("imagePullSecrets"):
                if name := node.text("name"):
                    yield Reference("Secret", name, "", True, node.at("name"), workload, "imagePullSecrets")

    def given(self) -> tuple[frozenset[str], bool]:
        """The names of all variables that some container is given, and whether there are no others.

        There may be others where a whole object is taken whose keys cannot be known from here.
        """
        names, complete = set(), True
        for variable in self.variables():
            names.add(variable.name)
        for workload in self.workloads:
            for container in workload.containers():
                for reference, prefix in _whole(workload, container):
                    source = self.source(reference)
                    if source is None or source.keys is None:
                        complete = False
                    else:
                        names.update(prefix + key for key in source.keys)
        return frozenset(names), complete


def is_given(reference: Reference) -> bool:
    """Whether every namespace has that object without anybody writing it."""
    return reference.kind == "ConfigMap" and reference.name in _GIVEN


def _made_name(resource: Resource) -> str:
    """The name of the Secret that an object is or makes."""
    if resource.kind == "ExternalSecret":
        return resource.node.text("spec", "target", "name") or resource.name
    if resource.kind == "Certificate":
        return resource.node.text("spec", "secretName") or resource.name
    if resource.kind in {"VaultStaticSecret", "VaultDynamicSecret"}:
        return resource.node.text("spec", "destination", "name") or resource.name
    if resource.kind == "SealedSecret":
        return resource.node.text("spec", "template", "metadata", "name") or resource.name
    return resource.name


def _keys(resource: Resource) -> frozenset[str] | None:
    node = resource.node
    if resource.kind == "ConfigMap":
        return frozenset({*node.mapping("data"), *node.mapping("binaryData")})
    if resource.kind == "Secret":
        made = node.text("type") == "kubernetes.io/service-account-token"  # a controller fills it in
        # Of a live one, the name alone is read.
        unread = resource.origin == Origin.LIVE and not node.get("data").exists
        return None if made or unread else frozenset({*node.mapping("data"), *node.mapping("stringData")})
    if resource.kind == "Certificate":
        return frozenset({"tls.crt", "tls.key", "ca.crt", *_keystores(node)})
    if resource.kind == "SealedSecret":
        return frozenset({*node.mapping("spec", "encryptedData"), *node.mapping("spec", "template", "data")})
    if resource.kind == "ExternalSecret" and not node.sequence("spec", "dataFrom"):
        template = node.get("spec", "target", "template")
        written = frozenset(template.mapping("data"))
        if template.sequence("templateFrom"):
            return None
        fetched = frozenset(k for k in (d.text("secretKey") for d in node.each("spec", "data")) if k)
        # A template replaces what was fetched, unless it says that it merges.
        return written if written and template.text("mergePolicy") != "Merge" else written | fetched
    return None


def _keystores(node: Node) -> Iterator[str]:
    for store, suffix in (("jks", "jks"), ("pkcs12", "p12")):
        if node.boolean("spec", "keystores", store, "create"):
            yield from (f"keystore.{suffix}", f"truststore.{suffix}")
    for output in node.each("spec", "additionalOutputFormats"):
        yield {"CombinedPEM": "tls-combined.pem", "DER": "key.der"}.get(output.text("type") or "", "")


def _of_container(workload: Workload, container: Container) -> Iterator[Reference]:
    for node in container.environment():
        for field, kind in _REFERENCES:
            asked = node.get("valueFrom", field)
            if name := asked.text("name"):
                optional = bool(asked.boolean("optional"))
                yield Reference(kind, name, asked.text("key") or "", optional, asked.at("key"), workload, "env")
    for reference, _ in _whole(workload, container):
        yield reference


def _whole(workload: Workload, container: Container) -> Iterator[tuple[Reference, str]]:
    for node in container.node.each("envFrom"):
        for field, kind in _SOURCES:
            asked = node.get(field)
            if name := asked.text("name"):
                optional = bool(asked.boolean("optional"))
                reference = Reference(kind, name, "", optional, asked.at("name"), workload, "envFrom")
                yield reference, node.text("prefix") or ""


def _of_volume(workload: Workload, volume: Node) -> Iterator[Reference]:
    sources = [(volume.get("secret"), "secretName", "Secret"), (volume.get("configMap"), "name", "ConfigMap")]
    for projected in volume.each("projected", "sources"):
        sources += [(projected.get("secret"), "name", "Secret"), (projected.get("configMap"), "name", "ConfigMap")]
    for asked, field, kind in sources:
        name = asked.text(field)
        if not name:
            continue
        optional = bool(asked.boolean("optional"))
        keys = [(item.text("key") or "", item.at("key")) for item in asked.each("items")]
        for key, place in keys or [("", asked.at(field))]:
            yield Reference(kind, name, key, optional, place, workload, "volume")
