from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def dockerfile_maintainer(dockerfiles: Dockerfiles) -> Findings:
    """No Dockerfile uses MAINTAINER, which builders have deprecated.

    Why: builders warn of it and will drop it; what it says cannot be queried like a label.
    Fix: write `LABEL org.opencontainers.image.authors="team@example.com"`.
    Peers: Trivy DS-0022, hadolint DL4000, Checkov CKV_DOCKER_6, Docker build check MaintainerDeprecated.
    Source: Docker, "MAINTAINER (deprecated)": https://docs.docker.com/reference/dockerfile/#maintainer-deprecated
    """
    for dockerfile in dockerfiles:
        used = [(stage, i) for stage in dockerfile.stages for i in stage.each("MAINTAINER")]
        for stage, instruction in used:
            yield stage.at(instruction).expect(False, "uses MAINTAINER, wants a label")
        if not used and dockerfile.stages:
            yield dockerfile.at().expect(True, "uses no MAINTAINER")
