from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.installs import installs


@check(Severity.MEDIUM)
def dockerfile_sudo(dockerfiles: Dockerfiles) -> Findings:
    """No image is built or run by way of sudo.

    Why: an image with sudo in it has a road to root that `USER` was meant to close, and sudo breaks signals and
    terminals.
    Fix: do what needs root before `USER`, and remove the package.
    Peers: Trivy DS-0010, Checkov CKV2_DOCKER_1, hadolint DL3004, Dockle DKL-DI-0001.
    Source: Docker, "USER": https://docs.docker.com/build/building/best-practices/#user
    """
    for dockerfile in dockerfiles:
        bad = False
        for stage in dockerfile.stages:
            for run in stage.runs:
                users = [c for c in run.commands if {"sudo", "doas"} & set(c.wrappers) or c.name in {"sudo", "doas"}]
                brings = [i.command for i in installs(run.commands) if any(w.text == "sudo" for w in i.packages)]
                for command, told in [
                    *((c, "runs sudo") for c in users),
                    *((c, "installs sudo") for c in brings),
                ]:
                    bad = True
                    yield stage.at_command(run, command, "sudo").expect(False, f"{told}, wants USER alone")
        if not bad and dockerfile.stages:
            yield dockerfile.at().expect(True, "has no sudo")
