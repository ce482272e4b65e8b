from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.images import MOVING_TAGS


@check(Severity.MEDIUM)
def base_tag(
    dockerfiles: Dockerfiles,
    *,
    moving: Annotated[tuple[str, ...], "tags that are moved at will", Stricter.MORE] = MOVING_TAGS,
) -> Findings:
    """Every base image is chosen by a tag that says a version, or by digest.

    Why: `latest` is another system after every release of somebody else: a rebuild changes production without a commit.
    Fix: write the version, `FROM python:3.13.9-slim-bookworm`; let a bot raise it.
    Peers: Trivy DS-0001, Checkov CKV_DOCKER_7, hadolint DL3006 and DL3007, Dockle DKL-DI-0006.
    Source: Docker, "Pin base image versions":
    https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
    """
    for stage in dockerfiles.stages():
        image = stage.image
        if image is not None:
            said = f"starts from {image.text}"
            told = f"{said}, a tag that moves" if image.tag else f"{said} without a tag"
            yield stage.at().expect(image.fixed(moving), f"{told}, wants a version", image=image.text)
