from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.compose import ComposeFiles
from readiness.facts.images import MOVING_TAGS, ImageReference


@check(Severity.MEDIUM)
def compose_image_tag(
    files: ComposeFiles,
    *,
    moving: Annotated[tuple[str, ...], "tags that are moved at will", Stricter.MORE] = MOVING_TAGS,
) -> Findings:
    """Every Compose service runs an image whose tag says a version, or a digest.

    Why: `docker compose pull` then brings a release that nobody chose, and going back has no name to go back to.
    Fix: write the version; with a variable, give it no default such as `latest`: `${TAG:?set TAG}`.
    Peers: Trivy, Checkov and kube-linter have it for Kubernetes only.
    Source: Docker, "image": https://docs.docker.com/reference/compose-file/services/#image
    """
    for service in files.services():
        image = ImageReference.parse(service.image) if service.image else None
        if image is None or (service.is_built and not image.tag):
            continue
        said = "a tag that moves" if image.tag else "which has no tag"
        yield service.node.get("image").expect(
            image.fixed(moving), f"{service.name} runs {image.text}, {said}, wants a version"
        )
