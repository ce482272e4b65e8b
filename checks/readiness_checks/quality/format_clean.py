from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.LOW)
def format_clean(commands: Commands) -> Findings:
    """The code is formatted as the project's own formatter wants it.

    Why: changes that mix layout and meaning are not read as carefully as they must be.
    Fix: run the formatter, and let a hook run it before each commit.
    Peers: none.
    Source: the project's own formatter.
    """
    for command in commands.about("format"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
