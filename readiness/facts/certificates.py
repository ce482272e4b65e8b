"""cert-manager's Certificates and Issuers, and which public entries use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from readiness.facts.ingress import Gateways, Ingresses
from readiness.facts.objects import Node, Objects, Resource
from readiness.model import Place

ISSUER_KINDS = ("Issuer", "ClusterIssuer")
_GROUP = "cert-manager.io"
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|us|µs|ns|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
HOUR = 3600.0
DAY = 24 * HOUR
DEFAULT_LIFETIME = 90 * DAY


def duration(text: str | None) -> float | None:
    """A Go duration such as `2160h` or `1h30m` in seconds; None where it is none."""
    if not text:
        return None
    total, at = 0.0, 0
    while at < len(text):
        match = _PART.match(text, at)
        if not match:
            return None
        total += float(match[1]) * _SECONDS[match[2]]
        at = match.end()
    return total


@dataclass(frozen=True, slots=True)
class Issuer:
    """An Issuer or ClusterIssuer of cert-manager."""

    resource: Resource

    @property
    def self_signed(self) -> bool:
        return self.resource.get("spec", "selfSigned").exists

    @property
    def acme_server(self) -> str:
        """The directory it asks for certificates; empty where it is no ACME issuer."""
        return self.resource.node.text("spec", "acme", "server") or ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A Certificate of cert-manager. Its times are in seconds, with cert-manager's defaults."""

    resource: Resource

    @property
    def secret(self) -> str:
        return self.resource.node.text("spec", "secretName") or ""

    @property
    def names(self) -> list[str]:
        """The host names it is valid for, its common name included."""
        spec = self.resource.get("spec")
        names = [name for name in spec.sequence("dnsNames") if isinstance(name, str)]
        common = spec.text("commonName")
        return [*names, common] if common else names

    @property
    def lifetime(self) -> float:
        return duration(self.resource.node.text("spec", "duration")) or DEFAULT_LIFETIME

    @property
    def renewed_before(self) -> float:
        """How long before its end it is renewed: as written, in time or in percent, or a third of its life."""
        spec = self.resource.get("spec")
        share = spec.integer("renewBeforePercentage")
        written = duration(spec.text("renewBefore"))
        if written is None and share is not None:
            return self.lifetime * share / 100
        return self.lifetime / 3 if written is None else written

    @property
    def ends(self) -> datetime | None:
        """When the issued certificate expires, as cert-manager saw it; None before it is issued."""
        try:
            time = datetime.fromisoformat(self.resource.node.text("status", "notAfter") or "")
        except ValueError:
            return None
        return time if time.tzinfo else time.replace(tzinfo=UTC)

    @property
    def issuer(self) -> tuple[str, str]:
        """Kind and name of what issues it."""
        reference = self.resource.get("spec", "issuerRef")
        return reference.text("kind") or "Issuer", reference.text("name") or ""

    def at(self, *steps: str | int) -> Place:
        return self.resource.at("spec", *steps)


class Issuers:
    """All issuers of one origin."""

    kinds = frozenset(ISSUER_KINDS)

    def __init__(self, objects: Objects) -> None:
        found = (r for kind in ISSUER_KINDS for r in objects.of(kind) if r.group in {"", _GROUP})
        self._items = tuple(Issuer(r) for r in found)
        self._named = {(i.resource.kind, i.resource.namespace, i.resource.name): i for i in self._items}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Issuer]:
        return iter(self._items)

    def named(self, kind: str, namespace: str, name: str) -> Issuer | None:
        return self._named.get((kind, "" if kind == "ClusterIssuer" else namespace, name))


class Certificates:
    """All certificates of one origin."""

    kinds = frozenset({"Certificate"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(Certificate(r) for r in objects.of("Certificate") if r.group in {"", _GROUP})
        self._by_secret: dict[tuple[str, str], Certificate] = {}
        for item in self._items:
            self._by_secret.setdefault((item.resource.namespace, item.secret), item)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Certificate]:
        return iter(self._items)

    def for_secret(self, namespace: str, secret: str) -> Certificate | None:
        """The certificate that fills this secret."""
        return self._by_secret.get((namespace, secret))


@dataclass(frozen=True, slots=True)
class Entry:
    """A place where the public is served with a secret: a TLS block of an Ingress, a listener of a Gateway.

    `issuer` is the kind and name of the issuer that an annotation asks for the secret, both empty where none does.
    """

    node: Node
    namespace: str
    secret: str
    hosts: tuple[str, ...]
    issuer: tuple[str, str]
    resource: Resource


class Entries:
    """All public entries with a certificate of one origin."""

    def __init__(self, ingresses: Ingresses, gateways: Gateways) -> None:
        items = []
        for ingress in ingresses:
            for node, hosts, secret in ingress.covered_hosts():
                home = ingress.resource.namespace
                items.append(Entry(node, home, secret, tuple(hosts), _asked(ingress.resource), ingress.resource))
        for gateway in gateways:
            for listener in gateway.listeners():
                host = listener.text("hostname")
                for node in listener.each("tls", "certificateRefs"):
                    home = node.text("namespace") or gateway.resource.namespace
                    secret = node.text("name") or ""
                    asked = _asked(gateway.resource)
                    items.append(Entry(node, home, secret, (host,) if host else (), asked, gateway.resource))
        self._items = tuple(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._items)


def _asked(resource: Resource) -> tuple[str, str]:
    notes = resource.annotations
    if notes.get("cert-manager.io/cluster-issuer"):
        return "ClusterIssuer", notes["cert-manager.io/cluster-issuer"]
    return ("Issuer", notes["cert-manager.io/issuer"]) if notes.get("cert-manager.io/issuer") else ("", "")
