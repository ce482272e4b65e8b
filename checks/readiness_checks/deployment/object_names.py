from readiness import Findings, Rendered, Severity, check
from readiness.facts.naming import is_api_object, object_name_fault
from readiness.facts.objects import Objects
from readiness.facts.releases import Release
from readiness.facts.settings import ServiceSettings


@check(Severity.HIGH)
def object_names(objects: Rendered[Objects], settings: ServiceSettings | None) -> Findings:
    """Every object has a name that Kubernetes accepts for its kind.

    Why: the API server refuses the object, and whatever was applied before it stays behind half-released.
    Fix: use lower-case letters, digits and `-`; at most 63 characters for what becomes a host name, 52 for a CronJob.
    Peers: kubeconform (schema only), kubectl --dry-run=server.
    Source: Kubernetes, "Object Names and IDs": https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    """
    release = Release.parse(settings.kubernetes) if settings else None
    for resource in objects:
        if not is_api_object(resource):
            continue
        fault = object_name_fault(resource, release)
        yield resource.at("metadata", "name").expect(
            not fault, fault if fault.startswith("has no") else f"name {fault}" if fault else "has a name that fits"
        )
