from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def base_digest(dockerfiles: Dockerfiles) -> Findings:
    """Every base image is pinned by its digest.

    Why: a tag can be pushed again; only the digest says that what was scanned and tested is what is built upon.
    Fix: write `FROM python:3.13.9-slim-bookworm@sha256:…` and let a bot raise tag and digest together.
    Peers: Scorecard Pinned-Dependencies.
    Source: Docker, "Pin base image versions":
    https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
    """
    for stage in dockerfiles.stages():
        image = stage.image
        if image is not None:
            told = f"starts from {image.text} without a digest, wants @sha256:…"
            yield stage.at().expect(bool(image.digest), told, image=image.text)
