from readiness import Findings, Severity, check
from readiness.facts.downloads import piped
from readiness.facts.scripts import Scripts


@check(Severity.MEDIUM)
def script_piped_downloads(scripts: Scripts) -> Findings:
    """No script runs a download before somebody could look at it.

    Why: what `curl … | sh` runs is whatever the other side sends at that moment, also half of it.
    Fix: fetch a released file, compare its checksum (`sha256sum --check`), then run it; or install a package.
    Peers: Scorecard Pinned-Dependencies.
    Source: OpenSSF Scorecard, "Pinned-Dependencies": https://github.com/ossf/scorecard/blob/main/docs/checks.md
    """
    for script in scripts:
        found = [*piped(script.text)]
        for fetch, runner in found:
            told = f"{runner.name} runs what {fetch.name} fetches unseen, wants a checksum first"
            yield script.at(fetch).expect(False, told)
        if not found:
            yield script.at().expect(True, "runs no download unseen")
