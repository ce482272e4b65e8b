from readiness import Findings, Severity, check
from readiness.facts.environment import Environment, is_given


@check(Severity.HIGH)
def config_references(environment: Environment) -> Findings:
    """Every ConfigMap that a pod asks for exists, with the key that it asks for.

    Why: the kubelet does not start a container whose configuration is missing; the rollout hangs.
    Fix: ship the ConfigMap with the service, correct its name or key, or mark the reference `optional: true`.
    Peers: Popeye POP-407, kube-linter (dangling references).
    Source: Kubernetes, "Configure a Pod to use a ConfigMap":
    https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/
    """
    for reference in environment.references():
        if reference.kind != "ConfigMap" or reference.optional or is_given(reference):
            continue
        source = environment.source(reference)
        if source is None:
            said, ok = "does not exist", False
        elif reference.key and reference.key not in (source.keys or ()):
            said, ok = f"has no key {reference.key}", False
        else:
            said, ok = "exists", True
        wanted = f"the key {reference.key}" if reference.key else "it beside the workload"
        yield reference.place.expect(
            ok, f"ConfigMap {reference.name} {said}, wants {wanted}", absence=() if source else ("ConfigMap",)
        )
