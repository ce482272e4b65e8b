from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.CRITICAL)
def build_succeeds(commands: Commands) -> Findings:
    """The project builds.

    Why: what does not build cannot be shipped, and the fix of tonight neither.
    Fix: run the command that the finding names, and mend what it reports.
    Peers: none.
    Source: Google SRE, "Release Engineering": https://sre.google/sre-book/release-engineering/
    """
    for command in commands.about("build"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
