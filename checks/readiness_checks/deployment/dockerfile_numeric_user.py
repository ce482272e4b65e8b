from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def dockerfile_numeric_user(dockerfiles: Dockerfiles) -> Findings:
    """Every image names its user by number.

    Why: with `runAsNonRoot: true` the kubelet refuses an image whose user is a name, because it cannot tell that it
    is not root.
    Fix: write the number: `USER 10001:10001` instead of `USER app`.
    Peers: none.
    Source: Kubernetes, "Configure a Security Context":
    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for dockerfile in dockerfiles:
        final = dockerfile.final
        user = final.user() if final else None
        name = (user or "").partition(":")[0].strip()
        if final is not None and name and name not in {"0", "root"}:
            yield final.at(final.last("USER")).expect(name.isdigit(), f"runs as {name}, wants a number", user=name)
