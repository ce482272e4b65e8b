from collections.abc import Iterator
from typing import Any

from readiness import Findings, Live, Rendered, Severity, check
from readiness.facts.immutable import IMMUTABLE, FixedObjects
from readiness.facts.objects import Resource
from readiness.facts.quantities import quantity


@check(Severity.HIGH)
def immutable_fields(rendered: Rendered[FixedObjects], live: Live[FixedObjects]) -> Findings:
    """No object changes a field that the running one may not change.

    Why: the API server answers "field is immutable", and the release stops half-way through its objects.
    Fix: give the object a new name and move the traffic or data over, or delete the old one first in a planned window.
    Peers: none.
    Source: Kubernetes, "Deployments", label selector updates:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates
    """
    for resource in rendered:
        old = live.same(resource)
        if old is not None:
            yield from _compare(resource, old)


def _compare(resource: Resource, old: Resource) -> Findings:
    changed = list(_changed(resource, old))
    for route in changed:
        yield resource.at(*route).expect(False, f"changes {'.'.join(route)}, which the running one may not change")
    if not changed:
        yield resource.at().expect(True, "changes no field that may not change")


def _changed(resource: Resource, old: Resource) -> Iterator[tuple[str, ...]]:
    for route in IMMUTABLE[resource.kind]:
        new = resource.node.raw(*route)
        exact = route[-1] == "selector"
        if new is not None and not _same(new, old.node.raw(*route), exact=exact):
            yield route
    if resource.kind == "Service":
        was, becomes = old.node.text("spec", "clusterIP"), resource.node.text("spec", "clusterIP")
        if was == "None" and becomes is None and (resource.node.text("spec", "type") or "ClusterIP") == "ClusterIP":
            yield "spec", "clusterIP"


def _same(new: Any, old: Any, *, exact: bool) -> bool:
    """Whether all that is written runs too; the server adds defaults, so `old` may hold more."""
    if new is None:
        return True
    if isinstance(new, dict):
        if not isinstance(old, dict) or (exact and {k for k, v in old.items() if v} - new.keys()):
            return not any(new.values()) and old is None
        return all(_same(value, old.get(key), exact=exact) for key, value in new.items())
    if isinstance(new, list):
        if not isinstance(old, list) or len(new) != len(old):
            return not new and not old
        return all(_same(a, b, exact=exact) for a, b in zip(new, old, strict=True))
    amounts = quantity(new), quantity(old)
    return new == old or (amounts[0] is not None and amounts[0] == amounts[1])
