from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.INFO)
def liveness_probe(workloads: Workloads) -> Findings:
    """Every container that runs for ever says whether it is still alive, sidecars too.

    Why: a process that hangs without ending is restarted by nobody. It is a hint only: a liveness probe that asks too
    much restarts a service that is merely busy, so leave it out where the process ends by itself when it is broken.
    Fix: add a `livenessProbe` that asks the process alone, never its dependencies.
    Peers: kube-score pod-probes, kube-linter no-liveness-probe, Polaris livenessProbeMissing, Kubescape C-0056,
    Checkov CKV_K8S_8, Popeye POP-103.
    Source: Kubernetes, "Liveness, Readiness, and Startup Probes":
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    for workload in workloads.long_running():
        for container in workload.running():
            probe = container.probe("liveness")
            said = "has a liveness probe" if probe else "has no liveness probe"
            yield container.at("livenessProbe").expect(probe is not None, f"{container.title} {said}, wants one")
