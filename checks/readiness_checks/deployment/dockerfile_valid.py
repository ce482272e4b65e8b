from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.HIGH)
def dockerfile_valid(dockerfiles: Dockerfiles) -> Findings:
    """Every Dockerfile is one that a builder takes.

    Why: a Dockerfile that does not parse stops the release at the moment it is needed, and nothing else here can be
    said of it.
    Fix: mend the line that is shown; `docker build --check .` says the same without building.
    Peers: hadolint DL1000 and DL3061.
    Source: Docker, "Dockerfile reference": https://docs.docker.com/reference/dockerfile/
    """
    for dockerfile in dockerfiles:
        for fault in dockerfile.faults:
            yield dockerfile.file.at(fault.message, fault.line).expect(False, fault.message)
        if not dockerfile.faults:
            yield dockerfile.at().expect(True, "can be read")
