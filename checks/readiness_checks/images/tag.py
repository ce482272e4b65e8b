from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def tag(
    workloads: Workloads,
    *,
    moving: Annotated[tuple[str, ...], "tags that point at another image tomorrow", Stricter.MORE] = (
        "latest",
        "main",
        "master",
        "develop",
        "edge",
        "nightly",
        "dev",
        "stable",
    ),
) -> Findings:
    """Every image names a tag that does not move, or a digest.

    Why: without one, two pods of one release may run different programs, and a rollback brings back nothing known.
    Fix: write the version that was released, `name:1.4.2`, or the digest, `name@sha256:…`.
    Peers: kube-score container-image-tag, kube-linter latest-tag, Polaris tagNotSpecified, Checkov CKV_K8S_14,
        Trivy KSV-0013, Popeye POP-100 and POP-101.
    Source: Kubernetes, "Images", image names: https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is None:
                continue
            said = image.text if image.tag or image.digest else f"{image.text}, which is :latest"
            yield container.at("image").expect(
                image.fixed(moving), f"{container.title}: runs {said}, wants a tag that does not move", image=image.text
            )
