from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import ServiceSettings
from readiness.facts.tenancy import at_label, label_of
from readiness.facts.workloads import Workloads

_SAME = {
    "production": {"production", "prod", "prd", "live"},
    "staging": {"staging", "stage", "stg", "preprod", "uat"},
    "development": {"development", "dev", "test", "testing", "sandbox", "local", "qa"},
}


@check(Severity.HIGH)
def environment_label(
    workloads: Workloads,
    settings: ServiceSettings,
    *,
    labels: Annotated[tuple[str, ...], "labels or annotations that name the environment", Stricter.MORE] = (
        "env",
        "environment",
        "app.kubernetes.io/environment",
    ),
) -> Findings:
    """The environment on every workload is the one it is deployed to.

    Why: alerts, cost and access are sorted by this label; a wrong one is also the first trace of values taken from
        another environment.
    Fix: set the label in the overlay or values of this environment.
    Peers: none.
    Source: OpenTelemetry, "Resource Semantic Conventions", deployment.environment.name:
        https://opentelemetry.io/docs/specs/semconv/resource/deployment-environment/
    """
    if not settings.environment:
        return  # the settings name none: nothing to compare with
    meant = {settings.environment.lower(), *_SAME.get(settings.profile, {settings.profile})}
    for workload in workloads:
        found = label_of(workload.resource, labels)
        if found is not None:
            name, value = found
            yield at_label(workload.resource, name).expect(
                value.lower() in meant, f"says {value}, wants {settings.environment}"
            )
