from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.installs import SYSTEM, installs


@check(Severity.MEDIUM)
def dockerfile_pinned_packages(dockerfiles: Dockerfiles) -> Findings:
    """Packages of a programming language are installed in versions that are written down.

    Why: the same commit builds another image tomorrow, and a release of somebody else is in production without a test.
    Fix: install from a lock file, or write the version: `pip install gunicorn==23.0.0`, `npm install -g pnpm@10.1.0`.
    Peers: hadolint DL3013, DL3016, DL3028 and DL3062.
    Source: Docker, "Building best practices": https://docs.docker.com/build/building/best-practices/
    """
    for stage, run in dockerfiles.runs():
        for install in installs(run.commands):
            if install.manager in SYSTEM or not install.packages:
                continue
            loose = [word.text for word in install.unfixed()]
            told = f"installs {', '.join(loose)} in any version, wants a version for each"
            yield stage.at_command(run, install.command, install.manager).expect(not loose, told, packages=loose)
