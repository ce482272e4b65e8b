from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.CRITICAL)
def tests_pass(commands: Commands) -> Findings:
    """The project's own tests pass.

    Why: a version whose own tests fail is known to be broken before the first user sees it.
    Fix: run the command that the finding names, and mend what it reports; a run that did not end counts as failed.
    Peers: OpenSSF Scorecard CI-Tests.
    Source: Google SRE, "Testing for Reliability": https://sre.google/sre-book/testing-reliability/
    """
    for command in commands.about("test"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
