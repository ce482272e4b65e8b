from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects, Resource

_EVENTS = frozenset(
    f"{when}-{what}" for when in ("pre", "post") for what in ("install", "upgrade", "delete", "rollback")
) | {"test", "test-success"}
_POLICIES = frozenset({"before-hook-creation", "hook-failed", "hook-succeeded"})


@check(Severity.HIGH)
def helm_hooks(objects: Rendered[Objects]) -> Findings:
    """Every Helm hook names an event, a weight and a deletion policy that Helm knows.

    Why: Helm leaves out an object whose hook it does not know: the migration that it was never runs, and nothing fails.
    Fix: use the names from Helm's documentation, such as `pre-upgrade` and `before-hook-creation`, and a whole number.
    Peers: none.
    Source: Helm, "Chart Hooks": https://helm.sh/docs/topics/charts_hooks/
    """
    for resource in objects:
        if "helm.sh/hook" not in resource.annotations:
            continue
        faults = list(_faults(resource))
        for key, message in faults:
            yield resource.at("metadata", "annotations", key).expect(False, message)
        if not faults:
            yield resource.at("metadata", "annotations", "helm.sh/hook").expect(True, "names a hook that Helm knows")


def _faults(resource: Resource) -> list[tuple[str, str]]:
    found = []
    for key, known in (("helm.sh/hook", _EVENTS), ("helm.sh/hook-delete-policy", _POLICIES)):
        written = resource.annotations.get(key)
        if written is not None:
            unknown = [word for word in map(str.strip, written.split(",")) if word not in known]
            if unknown:
                found.append((key, f"names `{unknown[0][:60]}`, wants one of {', '.join(sorted(known))}"))
    weight = resource.annotations.get("helm.sh/hook-weight", "0")
    if not weight.removeprefix("-").isdecimal():
        found.append(("helm.sh/hook-weight", f"has weight `{weight[:40]}`, wants a whole number in quotes"))
    return found
