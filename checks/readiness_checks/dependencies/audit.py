from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.HIGH)
def audit(commands: Commands) -> Findings:
    """The project's audit of its dependencies finds nothing.

    Why: a known vulnerability in a shipped package is the first thing that is tried from outside.
    Fix: read the end of the audit's output, update the packages that it names, or accept one there with a reason.
    Peers: OpenSSF Scorecard Vulnerabilities.
    Source: OpenSSF Scorecard, "Vulnerabilities": https://github.com/ossf/scorecard/blob/main/docs/checks.md#vulnerabilities
    """
    for command in commands.about("audit"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
