from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects, Resource


@check(Severity.HIGH)
def unique_objects(objects: Rendered[Objects]) -> Findings:
    """Every object is rendered once.

    Why: the one that is applied last wins, so which of two descriptions runs depends on the order of files.
    Fix: delete one of the two, or give them different names; in Kustomize, patch the base instead of repeating it.
    Peers: none; Helm and Kustomize refuse some of these, kubectl apply takes them in silence.
    Source: Kubernetes, "Object Names and IDs": https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    """
    first: dict[tuple[str, str, str, str], Resource] = {}
    again: set[tuple[str, str, str, str]] = set()
    for resource in objects:
        name = resource.node.text("metadata", "name")
        if not name:
            continue
        identity = (resource.group, resource.kind, resource.namespace, name)
        if identity not in first:
            first[identity] = resource
            continue
        again.add(identity)
        other = first[identity].span(("metadata", "name"))
        where = f" ({other})" if other else ""
        yield resource.at("metadata", "name").expect(False, f"is rendered again{where}, wants it once")
    for identity, resource in first.items():
        if identity not in again:
            yield resource.at("metadata", "name").expect(True, "is rendered once")
