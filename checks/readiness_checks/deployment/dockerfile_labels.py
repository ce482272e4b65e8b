from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def dockerfile_labels(
    dockerfiles: Dockerfiles,
    *,
    required: Annotated[tuple[str, ...], "labels that every image carries", Stricter.MORE] = (
        "org.opencontainers.image.source",
        "org.opencontainers.image.revision",
        "org.opencontainers.image.version",
    ),
) -> Findings:
    """Every image says which source, revision and version it was built from.

    Why: in an incident the first question is which commit is running; an image without labels cannot answer.
    Fix: add `LABEL org.opencontainers.image.revision="$REVISION"` and the others, filled in by the build.
    Peers: hadolint DL3048 to DL3058.
    Source: OCI image specification, "Annotations":
    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    for dockerfile in dockerfiles:
        final = dockerfile.final
        if final is None:
            continue
        written = {setting.name for stage in final.lineage for setting in stage.settings("LABEL")}
        missing = [label for label in required if label not in written]
        told = f"has no label {', '.join(missing)}, wants all of them"
        yield final.at(final.last("LABEL")).expect(not missing, told, missing=missing)
