from readiness import Findings, Severity, check
from readiness.facts.configuration import Configuration, Variable
from readiness.facts.pods import Container
from readiness.facts.settings import ServiceSettings


@check(Severity.LOW)
def tracing(configuration: Configuration, settings: ServiceSettings | None) -> Findings:
    """Every container that sends OpenTelemetry data says which service and environment it is.

    Why: traces of a service that is called `unknown_service` are found by nobody, and those of staging mixed into
        production's lead the search astray.
    Fix: set OTEL_SERVICE_NAME, and `deployment.environment.name` in OTEL_RESOURCE_ATTRIBUTES.
    Peers: Instrumentation Score RES-005.
    Source: OpenTelemetry, "Environment Variable Specification":
        https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    for workload in configuration.workloads:
        for container in workload.running():
            known = {v.name: v for v in configuration.variables(workload, container)}
            if any(name.startswith("OTEL_EXPORTER_") for name in known):
                yield from _judge(container, known, settings.environment if settings else "")


def _judge(container: Container, known: dict[str, Variable], environment: str) -> Findings:
    attributes = known.get("OTEL_RESOURCE_ATTRIBUTES")
    pairs = dict(part.partition("=")[::2] for part in attributes.value.split(",")) if attributes else {}
    pairs = {key.strip(): value.strip() for key, value in pairs.items()}
    named = "OTEL_SERVICE_NAME" in known or "service.name" in pairs or _from_elsewhere(container)
    yield container.at("env").expect(
        named, f"{container.title}: " + ("names its service" if named else "sends telemetry without OTEL_SERVICE_NAME")
    )
    said = pairs.get("deployment.environment.name") or pairs.get("deployment.environment") or ""
    if attributes is not None and said and environment and "$(" not in said:
        yield attributes.node.expect(
            said == environment, f"{container.title}: sends telemetry as {said[:60]}, wants {environment}"
        )


def _from_elsewhere(container: Container) -> bool:
    """Whether the name is taken from a field or a Secret, so that its value is not known here."""
    return any(e.text("name") == "OTEL_SERVICE_NAME" and e.get("valueFrom").exists for e in container.environment())
