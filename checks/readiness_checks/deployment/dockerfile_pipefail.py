from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles

# What cannot fail in a way that matters to what reads it.
_HARMLESS = frozenset({"cat", "echo", "printf", "true", "yes"})


@check(Severity.LOW)
def dockerfile_pipefail(dockerfiles: Dockerfiles) -> Findings:
    """A command that fails in the middle of a pipe fails the build.

    Why: a shell reports the last command of a pipe only: `curl … | tar x` builds an image without what was to be
    fetched.
    Fix: put `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` before it, or `set -o pipefail &&` in front of the command.
    Peers: hadolint DL4006.
    Source: Docker, "Using pipes": https://docs.docker.com/build/building/best-practices/#using-pipes
    """
    for stage, run in dockerfiles.runs():
        for line in run.text.pipelines():
            first = line[0]
            if len(line) > 1 and first.depth == 0 and any(c.name not in _HARMLESS for c in line[:-1]):
                told = f"what {first.name or 'the first command'} fails at is lost in the pipe, wants pipefail"
                yield stage.at_command(run, first).expect(run.pipes_fail, told)
