from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFile, ComposeFiles, Service
from readiness.facts.objects import Node

_BUILT_IN_NETWORKS = frozenset({"default", "host", "none", "bridge"})


@check(Severity.MEDIUM)
def compose_references(files: ComposeFiles) -> Findings:
    """Everything that a Compose file refers to is defined, and no service extends itself.

    Why: Compose refuses the whole file, all of its services included, when the release is rolled out.
    Fix: define the volume, network, secret, config or service, or correct its name; break the circle of `extends`.
    Peers: none; `docker compose config` says the same.
    Source: Docker, "Compose file reference": https://docs.docker.com/reference/compose-file/
    """
    for file in files:
        if file.is_partial:
            continue  # what it refers to may be in the file that it is read over
        for service in file.services:
            if service.cycle:
                told = f"extends itself by way of {service.cycle}, wants an end"
                yield service.at("extends").expect(False, told)
            for node, section, name in _references(service):
                defined = _is_defined(file, section, name)
                yield node.expect(defined, f"refers to {section[:-1]} {name}, wants it defined in this file")


def _references(service: Service) -> Iterator[tuple[Node, str, str]]:
    for section, field in (("services", "depends_on"), ("networks", "networks")):
        for node in service.node.each(field):
            if isinstance(node.value, str):
                yield node, section, node.value
        for name, node in service.node.entries(field):
            yield node, section, name
    for section in ("secrets", "configs"):
        for node in service.node.each(section):
            name = node.value if isinstance(node.value, str) else node.text("source") or ""
            if name:
                yield node, section, name
    for node in service.node.each("volumes"):
        name = _volume(node)
        if name:
            yield node, "volumes", name


def _volume(node: Node) -> str:
    """The name of the volume that a mount uses; empty for a path, an anonymous volume and what a variable decides."""
    if isinstance(node.value, str):
        source, colon, _ = node.value.partition(":")
        named = colon and not source.startswith((".", "/", "~", "$", "\\")) and len(source) > 1
        return source if named and "$" not in source else ""
    return (node.text("source") or "") if node.text("type") == "volume" else ""


def _is_defined(file: ComposeFile, section: str, name: str) -> bool:
    if "$" in name or file.top.get("include").exists:
        return True  # not known here
    return name in file.named(section) or (section == "networks" and name in _BUILT_IN_NETWORKS)
