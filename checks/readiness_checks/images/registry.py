from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.images import ImageReference
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def registry(
    workloads: Workloads,
    *,
    allowed: Annotated[
        tuple[str, ...],
        "registries that images may come from, with a path where only a part of one is meant; `*` is any",
        Stricter.FEWER,
    ] = ("*",),
) -> Findings:
    """Every image comes from a registry that the organisation allows.

    Why: an image from elsewhere was neither scanned nor signed here, and its registry may be slow, limited or gone.
    Fix: mirror the image to an allowed registry and pull it from there, or add the registry to `allowed`.
    Peers: Trivy KSV-0125, Kubescape C-0078, Popeye POP-113, hadolint DL3026.
    Source: NIST SP 800-190, 4.2.1: https://csrc.nist.gov/pubs/sp/800/190/final
    """
    if "*" in allowed:
        return
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is not None:
                wanted = " or ".join(allowed) or "none"
                yield container.at("image").expect(
                    any(_within(image, place) for place in allowed),
                    f"{container.title}: pulls from {image.registry}/{image.repository}, wants {wanted}",
                    registry=image.registry,
                )


def _within(image: ImageReference, place: str) -> bool:
    """Whether the image lies at `place`: a host, or a host and the beginning of a path, at the end of a part."""
    host, _, path = place.removesuffix("/").partition("/")
    return image.registry == host and (not path or f"{image.repository}/".startswith(f"{path}/"))
