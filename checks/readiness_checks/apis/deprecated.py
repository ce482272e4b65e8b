from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects
from readiness.facts.releases import Aim, Apis
from readiness.facts.settings import ServiceSettings


@check(Severity.MEDIUM)
def deprecated(objects: Rendered[Objects], apis: Apis, settings: ServiceSettings | None) -> Findings:
    """No object uses an API that the target release serves only until it is removed.

    Why: a deprecated API still works today and stops the release after some cluster upgrade that another team plans.
    Fix: move the object to the apiVersion named in the finding.
    Peers: Pluto deprecated, kubent, kube-score stable-version.
    Source: Kubernetes, "Kubernetes Deprecation Policy": https://kubernetes.io/docs/reference/using-api/deprecation-policy/
    """
    aim = Aim.of(apis, settings.kubernetes if settings else "")
    known: dict[tuple[str, str], str] = {}
    for resource in objects:
        service = apis.service(resource.api_version, resource.kind)
        if service is None or not service.holds(aim.release):
            continue
        pair = (resource.api_version, resource.kind)
        if pair not in known:
            known[pair] = apis.retiring(*pair, aim.release)
        instead = known[pair]
        said = f"{resource.api_version} {resource.kind}"
        yield resource.at("apiVersion").expect(
            not instead,
            f"{said} is deprecated in {aim}; instead: {instead}" if instead else f"{said} is not deprecated in {aim}",
        )
