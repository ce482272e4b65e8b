from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def dockerfile_single_command(dockerfiles: Dockerfiles) -> Findings:
    """Each stage has at most one CMD, one ENTRYPOINT and one HEALTHCHECK.

    Why: only the last one counts; whoever edits the first one wonders why nothing changes.
    Fix: remove all but the one that is meant.
    Peers: Trivy DS-0007 and DS-0016, hadolint DL4003, DL4004 and DL3012, Docker build check
    MultipleInstructionsDisallowed.
    Source: Docker, "CMD": https://docs.docker.com/reference/dockerfile/#cmd
    """
    for stage in dockerfiles.stages():
        for keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            said = [*stage.each(keyword)]
            for instruction in said[:-1]:
                told = f"{keyword} is written again on line {said[-1].line}, which alone counts, wants one"
                yield stage.at(instruction).expect(False, told)
            if len(said) == 1:
                yield stage.at(said[0]).expect(True, f"has one {keyword}")
