from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles, Stage

# Publishers whose images never run as root unless their tag says so.
_UNPRIVILEGED = ("cgr.dev", "dhi.io")


@check(Severity.HIGH)
def dockerfile_user(dockerfiles: Dockerfiles) -> Findings:
    """Every image runs as a user that is not root.

    Why: whoever breaks out of a process that is root in its container is root on the node.
    Fix: end the last stage with `USER 10001:10001`, after what has to be done as root; give the files it writes to
    that user.
    Peers: Trivy DS-0002, Checkov CKV_DOCKER_3 and CKV_DOCKER_8, hadolint DL3002, Dockle CIS-DI-0001.
    Source: CIS Docker Benchmark 4.1; Docker, "USER": https://docs.docker.com/reference/dockerfile/#user
    """
    for dockerfile in dockerfiles:
        final = dockerfile.final
        user = final.user() if final else None
        if final is None or user is None:
            continue
        name = user.partition(":")[0].strip()
        if name:
            is_root = name == "root" or (name.isdigit() and int(name) == 0)
            said = f"runs as {name}, wants a user that is not root"
            yield final.at(final.last("USER")).expect(not is_root, said, user=name)
        elif final.origin.base is not None:
            said = f"has no USER after FROM {final.origin.base}, wants a user that is not root"
            yield final.at().expect(_starts_unprivileged(final), said)


def _starts_unprivileged(stage: Stage) -> bool:
    """Whether the base says by its name that it does not run as root: `distroless/static:nonroot`,
    `nginx-unprivileged`.
    """
    image = stage.origin.image
    if image is None:
        return False
    tag = image.tag.lower()
    named = any(word in tag or word in image.repository for word in ("nonroot", "non-root", "rootless", "unprivileged"))
    return named or (image.registry in _UNPRIVILEGED and not tag.endswith(("dev", "root")))
