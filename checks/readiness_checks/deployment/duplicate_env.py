from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def duplicate_env(workloads: Workloads) -> Findings:
    """No container sets an environment variable twice.

    Why: the last one wins in silence, and tools that merge by name (kubectl apply, Kustomize) may keep the other one.
    Fix: delete the entry that is not meant.
    Peers: kube-score environment-variable-key-duplication, kube-linter duplicate-env-var, Kubescape C-0295.
    Source: Kubernetes API, Container v1 core, `env` is a map by name:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
    """
    for workload in workloads:
        for container in workload.containers():
            seen: dict[str, int] = {}
            for entry in container.environment():
                name = entry.text("name") or ""
                seen[name] = seen.get(name, 0) + 1
                if name and seen[name] == 2:
                    yield entry.at("name").expect(False, f"{container.title}: sets {name} again, wants it once")
            if seen and max(seen.values()) == 1:
                yield container.at("env").expect(True, f"{container.title}: sets each variable once")
