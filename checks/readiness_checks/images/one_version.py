from collections import defaultdict

from readiness import Findings, Severity, check
from readiness.facts.images import ImageReference
from readiness.facts.pods import Container
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def one_version(workloads: Workloads) -> Findings:
    """One image is used in one version within a namespace.

    Why: a worker or a migration that was forgotten in a release runs other code than the service it works with.
    Fix: set the version once, in the chart's values or Kustomize's `images`, and let every workload follow.
    Peers: none.
    Source: Twelve-Factor App, "Build, release, run": https://12factor.net/build-release-run
    """
    used: dict[tuple[str, str], list[tuple[Container, ImageReference]]] = defaultdict(list)
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is not None:
                used[workload.namespace, f"{image.registry}/{image.repository}"].append((container, image))
    for (_, name), uses in used.items():
        versions = sorted({image.digest or image.tag or "latest" for _, image in uses})
        said = ", ".join(versions)
        if len(uses) > 1:
            for container, _ in uses:
                yield container.at("image").expect(
                    len(versions) == 1,
                    f"{container.title}: {name} runs in {len(versions)} versions here ({said}), wants one",
                )
