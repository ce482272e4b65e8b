"""Encryption between the parts of a cluster: what a mesh asks for, who verifies whom, what addresses ask for."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.objects import Node, Objects, Resource


class MeshPolicies:
    """What Istio's PeerAuthentications and DestinationRules say about TLS between pods."""

    kinds = frozenset({"PeerAuthentication", "DestinationRule"})

    def __init__(self, objects: Objects) -> None:
        self._peers = tuple(objects.of("PeerAuthentication"))
        self._rules = tuple(objects.of("DestinationRule"))

    def modes(self) -> Iterator[tuple[Node, str, frozenset[str]]]:
        """Each TLS mode that is written: where, its name, and the names that mean mutual TLS.

        An UNSET mode is inherited, and so no word on the matter.
        """
        strict = frozenset({"STRICT"})
        for resource in self._peers:
            nodes = [resource.get("spec", "mtls", "mode")]
            nodes += [port.get("mode") for _, port in resource.node.entries("spec", "portLevelMtls")]
            yield from ((n, n.value, strict) for n in nodes if isinstance(n.value, str) and n.value != "UNSET")
        ours = frozenset({"ISTIO_MUTUAL", "MUTUAL", "SIMPLE"})
        for resource in self._rules:
            node = resource.get("spec", "trafficPolicy", "tls", "mode")
            if isinstance(node.value, str):
                yield node, node.value, ours


class Webhooks:
    """What calls back into the cluster: admission webhooks, conversion webhooks, aggregated APIs."""

    kinds = frozenset(
        {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "CustomResourceDefinition", "APIService"}
    )
    _INJECTED = (
        "cert-manager.io/inject-ca-from",
        "cert-manager.io/inject-ca-from-secret",
        "cert-manager.io/inject-apiserver-ca",
    )
    _OPENSHIFT = "service.beta.openshift.io/inject-cabundle"

    def __init__(self, objects: Objects) -> None:
        self._hooks = tuple(objects.of("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"))
        self._types = tuple(objects.of("CustomResourceDefinition"))
        self.services = tuple(objects.of("APIService"))

    def clients(self) -> Iterator[tuple[Node, bool]]:
        """Each client configuration, and whether somebody fills in its CA."""
        for resource in self._hooks:
            for hook in resource.node.each("webhooks"):
                yield hook.get("clientConfig"), self._injected(resource)
        for resource in self._types:
            node = resource.get("spec", "conversion", "webhook", "clientConfig")
            if node.mapping():
                yield node, self._injected(resource)

    def _injected(self, resource: Resource) -> bool:
        notes = resource.annotations
        return any(notes.get(key) for key in self._INJECTED) or notes.get(self._OPENSHIFT) == "true"


class ConfigMaps:
    """The texts that ConfigMaps hold."""

    kinds = frozenset({"ConfigMap"})

    def __init__(self, objects: Objects) -> None:
        self._items = tuple(objects.of("ConfigMap"))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def values(self) -> Iterator[Node]:
        """Each value under `data`."""
        for resource in self._items:
            yield from (node for _, node in resource.node.entries("data"))
