from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.downloads import piped


@check(Severity.MEDIUM)
def dockerfile_piped_downloads(dockerfiles: Dockerfiles) -> Findings:
    """No download is run before somebody could look at it.

    Why: what `curl … | sh` runs is whatever the other side sends at that moment, also half of it, and no build is
    like the last.
    Fix: fetch a released file, compare its checksum (`sha256sum --check`), then run it; or install a package.
    Peers: Scorecard Pinned-Dependencies.
    Source: OpenSSF Scorecard, "Pinned-Dependencies":
    https://github.com/ossf/scorecard/blob/main/docs/checks.md#pinned-dependencies
    """
    for dockerfile in dockerfiles:
        bad = False
        for stage in dockerfile.stages:
            for run in stage.runs:
                for fetch, runner in piped(run.text):
                    bad = True
                    told = f"{runner.name} runs what {fetch.name} fetches unseen, wants a checksum first"
                    yield stage.at_command(run, fetch).expect(False, told)
        if not bad and dockerfile.stages:
            yield dockerfile.at().expect(True, "runs no download unseen")
