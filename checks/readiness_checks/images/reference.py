from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.CRITICAL)
def reference(workloads: Workloads) -> Findings:
    """Every image is written as a registry understands it.

    Why: the kubelet cannot read such a reference: the pod stays in InvalidImageName for ever.
    Fix: write `registry/name:tag` or `registry/name@sha256:…` with a lower-case name; look for an empty variable.
    Peers: kubectl --dry-run=server lets it pass; hadolint and docker refuse it.
    Source: Distribution project, grammar of references: https://pkg.go.dev/github.com/distribution/reference
    """
    for workload in workloads:
        for container in workload.containers():
            if container.image:
                yield container.at("image").expect(
                    container.reference is not None,
                    f"{container.title}: image `{container.image[:100]}`, wants registry/name:tag",
                )
