from typing import Any

from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects, Resource

# Labels by which another program finds ConfigMaps; and those that say nothing of that kind.
_PLAIN = (
    "app",
    "chart",
    "component",
    "heritage",
    "instance",
    "managed-by",
    "name",
    "part-of",
    "release",
    "team",
    "tier",
    "version",
    "owner",
    "env",
    "environment",
    "cost-center",
    "data-classification",
)


@check(Severity.LOW)
def unused_config_maps(objects: Rendered[Objects]) -> Findings:
    """Every ConfigMap is named by another object.

    Why: one that nobody names is a left-over, or a sign that a workload names another one by mistake.
    Fix: delete it, or correct the name where it is meant to be used.
    Peers: Popeye POP-400, kube-linter dangling checks.
    Source: Kubernetes, "ConfigMaps": https://kubernetes.io/docs/concepts/configuration/configmap/
    """
    maps = [r for r in objects.of("ConfigMap") if not _found_by_label(r) and r.node.text("metadata", "name")]
    if not maps:
        return
    used = {text for resource in objects for text in _texts(resource)}
    for resource in maps:
        ok = resource.name in used
        yield resource.at("metadata", "name").expect(
            ok,
            "is named by another object" if ok else "is named by no object of this set",
            absence=() if ok else ("Pod",),
        )


def _found_by_label(resource: Resource) -> bool:
    """Whether it carries a label that is not one of the usual ones: a dashboard for Grafana, a rule for Prometheus."""
    return any(key.rpartition("/")[2] not in _PLAIN for key in resource.labels)


def _texts(resource: Resource) -> set[str]:
    """The short texts in an object, without its own name."""
    found: set[str] = set()
    todo: list[Any] = [value for key, value in resource.body.items() if key != "metadata"]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, str) and len(value) <= 253:
            found.add(value)
    return found
