from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def digest(
    workloads: Workloads,
    *,
    required: Annotated[
        bool, "whether images must be pinned by digest", Stricter.TRUE, PerEnvironment(production=True)
    ] = False,
) -> Findings:
    """Every image is pinned by its digest where the environment asks for it.

    Why: a tag can be pushed again; only a digest says that what was tested is what runs.
    Fix: write `name:1.4.2@sha256:…`; `docker buildx imagetools inspect name:1.4.2` shows the digest, and Kustomize's
        `images` or a release pipeline can fill it in.
    Peers: Checkov CKV_K8S_43, Kubescape C-0306, OSSF Scorecard Pinned-Dependencies.
    Source: Kubernetes, "Images", image digests: https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    if not required:
        return
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is not None:
                yield container.at("image").expect(
                    bool(image.digest), f"{container.title}: runs {image.text}, wants a digest (@sha256:…)"
                )
