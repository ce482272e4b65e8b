import re

from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.variables import expand

_ABSOLUTE = re.compile(r"[\"']?(?:/|[A-Za-z]:[\\/])")


@check(Severity.LOW)
def dockerfile_workdir(dockerfiles: Dockerfiles) -> Findings:
    """Every WORKDIR is an absolute path.

    Why: a relative one starts from wherever the base image happened to stop, and moves when the base does.
    Fix: write `WORKDIR /app`.
    Peers: Trivy DS-0009, Checkov CKV_DOCKER_10, hadolint DL3000, Docker build check WorkdirRelativePath.
    Source: Docker, "WORKDIR": https://docs.docker.com/reference/dockerfile/#workdir
    """
    for stage in dockerfiles.stages():
        for instruction in stage.each("WORKDIR"):
            folder = expand(instruction.text.strip(), stage.variables)
            if folder is not None:
                told = f"works in {folder}, wants an absolute path"
                yield stage.at(instruction).expect(bool(_ABSOLUTE.match(folder)), told)
