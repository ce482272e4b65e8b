from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects
from readiness.facts.releases import Aim, Apis
from readiness.facts.settings import ServiceSettings
from readiness.facts.texts import nearest


@check(Severity.CRITICAL)
def served(objects: Rendered[Objects], apis: Apis, settings: ServiceSettings | None) -> Findings:
    """Every object of a built-in API group is of a kind and version that the target release serves.

    Why: the API server refuses an apiVersion or a kind that it never had, and a linter that does not know the pair
        often skips the object in silence.
    Fix: write the apiVersion and kind that `kubectl api-resources` shows for the target release.
    Peers: kubeconform (no schema found), kubectl validate, kube-linter schema-validation.
    Source: Kubernetes, API reference: https://kubernetes.io/docs/reference/kubernetes-api/
    """
    aim = Aim.of(apis, settings.kubernetes if settings else "")
    for resource in objects:
        if not resource.api_version or not resource.kind:
            missing = "apiVersion" if not resource.api_version else "kind"
            yield resource.at(missing).expect(False, f"has no {missing}, wants one")
            continue
        if not apis.built_in(resource):
            continue
        service = apis.service(resource.api_version, resource.kind)
        said = f"{resource.api_version} {resource.kind}"
        if service is None:
            known = apis.members(resource.api_version)
            near = nearest(resource.kind, known) if known else apis.serving(resource.kind, aim.release, resource.group)
            hint = f", nearest is {near}" if near else ""
            yield resource.at("kind" if known else "apiVersion").expect(False, f"{said} is in no known release{hint}")
        elif service.since is not None and aim.release < service.since:
            yield resource.at("apiVersion").expect(False, f"{said} begins with {service.since}, wants {aim}")
        elif service.holds(aim.release):
            yield resource.at("apiVersion").expect(True, f"{said} is served by {aim}")
