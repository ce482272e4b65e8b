from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.installs import SYSTEM, installs


@check(Severity.INFO)
def dockerfile_pinned_system_packages(dockerfiles: Dockerfiles) -> Findings:
    """Packages of the distribution are installed in versions that are written down.

    Why: two builds of one commit differ. On the other hand a pinned version misses the fixes that a distribution
    brings, and vanishes from its archive; hence no more than a hint.
    Fix: write `curl=8.14.1-2`, or pin the base image by digest and rebuild it on a schedule.
    Peers: hadolint DL3008, DL3018, DL3033, DL3037 and DL3041.
    Source: Docker, "apt-get": https://docs.docker.com/build/building/best-practices/#apt-get
    """
    for stage, run in dockerfiles.runs():
        for install in installs(run.commands):
            if install.manager not in SYSTEM or not install.packages:
                continue
            loose = [word.text for word in install.unfixed()]
            told = f"installs {', '.join(loose)} in any version, wants a version for each"
            yield stage.at_command(run, install.command, install.manager).expect(not loose, told, packages=loose)
