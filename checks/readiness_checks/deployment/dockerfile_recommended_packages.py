from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.installs import installs


@check(Severity.LOW)
def dockerfile_recommended_packages(dockerfiles: Dockerfiles) -> Findings:
    """Debian's package manager installs what is asked for and nothing that is merely recommended.

    Why: recommended packages are code that nobody wanted, to be pulled, scanned and patched for ever.
    Fix: write `apt-get install --no-install-recommends …`.
    Peers: Trivy DS-0029, hadolint DL3015.
    Source: Docker, "apt-get": https://docs.docker.com/build/building/best-practices/#apt-get
    """
    for stage, run in dockerfiles.runs(shipped=True):
        for install in installs(run.commands):
            if install.manager in {"apt-get", "apt"}:
                words = " ".join(install.command.arguments).lower()
                lean = (
                    install.has("--no-install-recommends")
                    or "install-recommends=0" in words
                    or "install-recommends=false" in words
                )
                told = "installs what is recommended too, wants --no-install-recommends"
                yield stage.at_command(run, install.command).expect(lean, told)
