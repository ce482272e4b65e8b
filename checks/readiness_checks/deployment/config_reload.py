import re

from readiness import Findings, Severity, check
from readiness.facts.configuration import Configuration
from readiness.facts.objects import Resource
from readiness.facts.workloads import Workload

# Kustomize ends the names that it makes with ten characters of a hash.
_HASHED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{10}\Z")
_RELOADER = (
    "reloader.stakater.com/auto",
    "configmap.reloader.stakater.com/reload",
    "configmap.reloader.stakater.com/auto",
)


@check(Severity.LOW)
def config_reload(configuration: Configuration) -> Findings:
    """A changed ConfigMap restarts the pods that read it only at their start.

    Why: variables and subPath mounts keep the old content until some later restart, which then looks like its cause.
    Fix: annotate the pod template with a checksum of the ConfigMap, use Kustomize's generators, or run Reloader.
    Peers: none.
    Source: Helm, "Automatically Roll Deployments":
        https://helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
    """
    for workload in configuration.workloads:
        if not workload.long_running:
            continue
        seen = set()
        for node, resource in configuration.read_at_start(workload):
            if resource.name in seen:
                continue
            seen.add(resource.name)
            how = _followed(workload, resource)
            yield node.expect(
                bool(how),
                f"reads ConfigMap {resource.name} at its start, "
                + (how or "wants a checksum annotation, a hashed name or Reloader"),
            )


def _followed(workload: Workload, resource: Resource) -> str:
    """By what a change of the ConfigMap makes new pods; empty where nothing does."""
    if _HASHED.search(resource.name):
        return "which has a hashed name"
    if any("checksum" in key or key.endswith(("-hash", "/hash", "sha256")) for key in workload.annotations):
        return "beside a checksum of it"
    annotations = {**workload.annotations, **workload.resource.annotations}
    return "followed by Reloader" if any(annotations.get(key) for key in _RELOADER) else ""
