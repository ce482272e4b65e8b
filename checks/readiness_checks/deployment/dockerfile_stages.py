from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles, Stage


@check(Severity.MEDIUM)
def dockerfile_stages(dockerfiles: Dockerfiles) -> Findings:
    """Stages have names of their own, and each copies from stages before it.

    Why: of two stages with one name the later hides the earlier; a copy from a stage that comes later does not build.
    Fix: give every stage its own name, and order them so that each only needs those above it.
    Peers: Trivy DS-0006 and DS-0012, hadolint DL3022, DL3023 and DL3024, Docker build check DuplicateStageName.
    Source: Docker, "COPY --from": https://docs.docker.com/reference/dockerfile/#copy---from
    """
    for dockerfile in dockerfiles:
        first: dict[str, Stage] = {}
        for stage in dockerfile.stages:
            if stage.name:
                earlier = first.setdefault(stage.name, stage)
                told = f"the stage on line {earlier.start.line} is called {stage.name} too, wants a name of its own"
                yield stage.at().expect(earlier is stage, told)
            for instruction in stage.each("COPY"):
                source = instruction.flags.get("from", "").lower()
                if source and "$" not in source:
                    fault = _fault(source, stage)
                    yield stage.at(instruction).expect(not fault, fault or f"copies from {source}")


def _fault(source: str, stage: Stage) -> str:
    """What is wrong with copying from `source`; empty where it is an earlier stage, or an image."""
    names = [other.name for other in stage.dockerfile.stages]
    if source.isdigit():
        return "" if int(source) < stage.index else f"copies from stage {source}, wants one before it"
    if source == stage.name:
        return f"copies from itself ({source}), wants a stage before it"
    if source in names[stage.index + 1 :] and source not in names[: stage.index]:
        return f"copies from {source}, which comes later, wants a stage before it"
    return ""
