from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles

_ARCHIVES = (
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".tar.zst",
    ".gz",
    ".bz2",
    ".xz",
    ".zst",
)
_REMOTE = ("http://", "https://", "git://", "git@", "ssh://", "ftp://")


@check(Severity.LOW)
def dockerfile_copy(dockerfiles: Dockerfiles) -> Findings:
    """Files of the build context are copied by COPY, not by ADD.

    Why: ADD unpacks archives and fetches addresses without a word, so that what it does depends on what a file is
    called.
    Fix: write COPY; keep ADD for a local archive that is to be unpacked.
    Peers: Trivy DS-0005, Checkov CKV_DOCKER_4, hadolint DL3020, Dockle CIS-DI-0009.
    Source: Docker, "ADD or COPY": https://docs.docker.com/build/building/best-practices/#add-or-copy
    """
    for stage in dockerfiles.stages():
        for instruction in stage.each("ADD", "COPY"):
            sources = (instruction.items or instruction.text.split())[:-1]
            needs_add = any(s.lower().endswith(_ARCHIVES) or s.startswith(_REMOTE) or "$" in s for s in sources)
            if instruction.keyword == "COPY" or not needs_add:
                yield stage.at(instruction).expect(
                    instruction.keyword == "COPY", "uses ADD for plain files, wants COPY"
                )
