import re

from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs
from readiness.facts.settings import ServiceSettings

_WORDS = re.compile(r"[^a-z0-9]+")
_NAMES = {
    "production": frozenset({"prod", "production", "prd", "live"}),
    "staging": frozenset({"staging", "stage", "stg", "preprod", "uat"}),
    "development": frozenset({"dev", "development", "test", "testing", "sandbox", "local", "qa"}),
}


@check(Severity.HIGH)
def environment_namespace(pods: PodSpecs, settings: ServiceSettings) -> Findings:
    """No workload of one environment is deployed into the namespace of another.

    Why: staging manifests in a production namespace replace the running service, under the same names, with untested
        versions.
    Fix: correct the namespace in this environment's overlay, values or settings.
    Peers: none.
    Source: CIS Kubernetes Benchmark 5.6.1, administrative boundaries by namespaces:
        https://www.cisecurity.org/benchmark/kubernetes
    """
    if not settings.environment:
        return  # the settings name none: nothing to compare with
    for pod in pods:
        words = set(_WORDS.split(pod.workload.namespace.lower()))
        meant = [profile for profile, names in _NAMES.items() if not names.isdisjoint(words)]
        if meant:
            yield pod.workload.at("metadata", "namespace").expect(
                settings.profile in meant,
                f"lives in {pod.workload.namespace}, which is for {meant[0]}, wants a namespace for {settings.profile}",
            )
