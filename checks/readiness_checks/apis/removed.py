from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects
from readiness.facts.releases import Aim, Apis
from readiness.facts.settings import ServiceSettings


@check(Severity.CRITICAL)
def removed(objects: Rendered[Objects], apis: Apis, settings: ServiceSettings | None) -> Findings:
    """No object uses an API that the target release has removed.

    Why: the API server answers "no matches for kind", and the release stops half-way through its objects.
    Fix: move the object to the apiVersion named in the finding; look up in the deprecation guide which fields changed.
    Peers: Pluto removed, kubent, kube-linter no-extensions-v1beta, kube-score stable-version, Trivy KSV-0107.
    Source: Kubernetes, "Deprecated API Migration Guide": https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    """
    aim = Aim.of(apis, settings.kubernetes if settings else "")
    for resource in objects:
        service = apis.service(resource.api_version, resource.kind)
        if service is None or (service.since is not None and aim.release < service.since):
            continue
        gone = service.removed is not None and service.removed <= aim.release
        said = f"{resource.api_version} {resource.kind}"
        if not gone:
            yield resource.at("apiVersion").expect(True, f"{said} is served by {aim}")
            continue
        instead = apis.serving(resource.kind, aim.release, resource.group) or "nothing; the feature is gone"
        yield resource.at("apiVersion").expect(
            False,
            f"{said} was removed in {service.removed}, target is {aim}; instead: {instead}",
            removed=str(service.removed),
            instead=instead,
        )
