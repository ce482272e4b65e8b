"""Which names, labels and ports Kubernetes accepts, by the rules of `k8s.io/apimachinery/pkg/util/validation`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from readiness.facts.objects import Node, Resource
from readiness.facts.releases import Release

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\Z")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PORT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")

_OWN_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
# Kinds whose name becomes one label of a host name.
_HOST_LABEL = frozenset({"Namespace", "Service", "StatefulSet"})
# Kinds whose name only has to fit into a path.
_PATH_SEGMENT = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
# Kinds whose controllers put something behind the name, within 63 characters.
_SHORTER = {"CronJob": 52, "Job": 63}


def is_api_object(resource: Resource) -> bool:
    """Whether the object is meant for an API server: groups without a dot are Kubernetes' own, or a tool's settings."""
    return "." in resource.group or resource.group in _OWN_GROUPS


def dns_label_fault(text: str) -> str:
    """What keeps `text` from being a DNS label; empty where nothing does."""
    if len(text) > 63:
        return f"has {len(text)} characters, wants 63 or fewer"
    return "" if _LABEL.match(text) else "wants lower-case letters, digits and `-`, with a letter or digit at both ends"


def dns_name_fault(text: str, longest: int = 253) -> str:
    """What keeps `text` from being a DNS subdomain of that length at most; empty where nothing does."""
    if len(text) > longest:
        return f"has {len(text)} characters, wants {longest} or fewer"
    if all(_LABEL.match(part) for part in text.split(".")):
        return ""
    return "wants lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part"


def annotation_key_fault(text: str) -> str:
    """What keeps `text` from being an annotation's key: as a label's, but capitals do not matter."""
    return label_key_fault(text.lower())


@lru_cache(maxsize=10_000)
def label_key_fault(text: str) -> str:
    """What keeps `text` from being a label's key: a name, with a DNS prefix and a slash or without."""
    prefix, slash, name = text.rpartition("/")
    if slash and dns_name_fault(prefix):
        return f"has the prefix `{prefix[:60]}`, wants a DNS name before the slash"
    return _qualified_fault(name)


@lru_cache(maxsize=10_000)
def label_value_fault(text: str) -> str:
    """What keeps `text` from being a label's value; an empty one is one."""
    return _qualified_fault(text) if text else ""


def _qualified_fault(text: str) -> str:
    if len(text) > 63:
        return f"has {len(text)} characters, wants 63 or fewer"
    return (
        "" if _QUALIFIED.match(text) else "wants letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
    )


def port_name_fault(text: str) -> str:
    """What keeps `text` from being the name of a container's port (IANA service name)."""
    if len(text) > 15:
        return f"has {len(text)} characters, wants 15 or fewer"
    if not _PORT.match(text) or not any(c.isalpha() for c in text):
        return "wants lower-case letters, digits and single `-`, at least one of them a letter"
    return ""


def object_name_fault(resource: Resource, release: Release | None = None) -> str:
    """What keeps the object's name from being accepted for its kind; empty where nothing does.

    Up to 1.34 a Service's name has to begin with a letter.
    """
    name = resource.node.text("metadata", "name")
    prefix = resource.node.text("metadata", "generateName")
    if not name and not prefix:
        return "has no name, wants metadata.name"
    text = name or f"{prefix}x"
    if resource.kind in _PATH_SEGMENT:
        return "may not be `.` or `..`, or hold `/` or `%`" if text in {".", ".."} or set(text) & set("/%") else ""
    if resource.kind == "Service" and text[:1].isdigit() and release is not None and release <= (1, 34):
        return f"begins with a digit, which Kubernetes {release} does not allow for a Service"
    if resource.kind in _HOST_LABEL:
        return dns_label_fault(text)
    return dns_name_fault(text, _SHORTER.get(resource.kind, 253))


def label_faults(labels: Node) -> Iterator[tuple[Node, str]]:
    """The labels of a mapping that would be refused, each with the reason."""
    for key, value in labels.entries():
        fault = label_key_fault(key)
        if fault:
            yield value, f"label key `{key[:80]}` {fault}"
        fault = label_value_fault(value.value) if isinstance(value.value, str) else ""
        if fault:
            yield value, f"label value `{value.value[:80]}` {fault}"
