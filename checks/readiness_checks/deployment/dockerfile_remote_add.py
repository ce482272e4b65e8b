from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles

_WEB = ("http://", "https://", "ftp://")


@check(Severity.MEDIUM)
def dockerfile_remote_add(dockerfiles: Dockerfiles) -> Findings:
    """What ADD fetches from an address is proven by a checksum.

    Why: whoever controls the address, or the way to it, decides what is in the image from the next build on.
    Fix: write `ADD --checksum=sha256:… https://…`, or bring the file into the repository.
    Peers: Trivy DS-0005, hadolint DL3020.
    Source: Docker, "ADD --checksum": https://docs.docker.com/reference/dockerfile/#add---checksum
    """
    for stage in dockerfiles.stages():
        for instruction in stage.each("ADD"):
            sources = (instruction.items or instruction.text.split())[:-1]
            remote = [s for s in sources if s.lower().startswith(_WEB) and not s.split("#")[0].endswith(".git")]
            if remote:
                proven = bool(instruction.flags.get("checksum"))
                yield stage.at(instruction).expect(
                    proven, "fetches from an address without a checksum, wants --checksum"
                )
