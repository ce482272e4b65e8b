from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.objects import Objects
from readiness.facts.releases import Aim, Apis
from readiness.facts.settings import ServiceSettings


@check(Severity.MEDIUM)
def next_releases(
    objects: Rendered[Objects],
    apis: Apis,
    settings: ServiceSettings | None,
    *,
    ahead: Annotated[int, "minor releases to look ahead", Stricter.HIGHER] = 2,
) -> Findings:
    """Every object's API is still served by the next releases of Kubernetes.

    Why: control planes are upgraded several times a year; an API that goes with the next one blocks that upgrade,
        or breaks the first release after it.
    Fix: move the object to the apiVersion named in the finding before the cluster is upgraded.
    Peers: Pluto with a later --target-versions, kubent --target-version.
    Source: Kubernetes, "Deprecated API Migration Guide": https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    """
    aim = Aim.of(apis, settings.kubernetes if settings else "")
    horizon = min(aim.release.later(ahead), apis.newest)
    if horizon <= aim.release:
        return  # nothing is known of later releases
    for resource in objects:
        service = apis.service(resource.api_version, resource.kind)
        if service is None or not service.holds(aim.release):
            continue
        said = f"{resource.api_version} {resource.kind}"
        if service.holds(horizon):
            yield resource.at("apiVersion").expect(True, f"{said} is still served by {horizon}")
            continue
        instead = apis.serving(resource.kind, aim.release, resource.group)
        instead = apis.serving(resource.kind, horizon, resource.group) if instead == resource.api_version else instead
        severity = Severity.HIGH if service.removed == aim.release.later(1) else None
        yield resource.at("apiVersion").expect(
            False,
            f"{said} goes in {service.removed}, target is {aim}; instead: {instead or 'nothing'}",
            severity=severity,
        )
