from collections.abc import Iterator
from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.configuration import Configuration, host_of
from readiness.facts.objects import Node, Objects

_BELOW = ("staging", "stage", "stg", "dev", "development", "test", "testing", "qa", "uat", "sandbox", "preprod")


@check(Severity.HIGH)
def cross_environment(
    configuration: Configuration,
    objects: Objects,
    *,
    foreign: Annotated[
        tuple[str, ...],
        "words in host names that belong to other environments",
        Stricter.MORE,
        PerEnvironment(production=_BELOW, staging=("prod", "production", "live")),
    ] = (),
    accepted: Annotated[tuple[str, ...], "hosts that are meant all the same", Stricter.FEWER] = (),
) -> Findings:
    """No host name points into another environment.

    Why: a production service that reads a test database serves test data, and a test that writes to production destroys
        what it finds there.
    Fix: set the host in this environment's overlay or values file; name it in `accepted` where it is meant.
    Peers: none.
    Source: Twelve-Factor App, "Config": https://12factor.net/config
    """
    if not foreign:
        return
    for said, node in _hosts(configuration, objects):
        host = host_of(node.value)
        words = {word for label in host.split(".") for word in label.split("-")}
        found = sorted(words & set(foreign))
        if host:
            yield node.expect(
                not found or host in accepted,
                f"{said}names {host}" + (f", which belongs to {found[0]}" if found else ""),
            )


def _hosts(configuration: Configuration, objects: Objects) -> Iterator[tuple[str, Node]]:
    """Texts that may name a host, with the words before them in a message."""
    for _, container, variable in configuration.all_variables:
        if "." in variable.value or ":" in variable.value:
            yield f"{container.title}: {variable.name} ", variable.node
    for ingress in objects.of("Ingress"):
        for rule in ingress.node.each("spec", "rules"):
            if rule.text("host"):
                yield "", rule.get("host")
    for route in objects.of("HTTPRoute", "GRPCRoute", "TLSRoute"):
        for host in route.node.each("spec", "hostnames"):
            if isinstance(host.value, str):
                yield "", host
    for service in objects.of("Service"):
        if service.node.text("spec", "externalName"):
            yield "", service.get("spec", "externalName")
