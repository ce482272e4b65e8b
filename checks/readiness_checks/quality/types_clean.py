from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.MEDIUM)
def types_clean(commands: Commands) -> Findings:
    """The project's own type checker has nothing to say.

    Why: a type error is a fault in a line that no test has reached yet.
    Fix: run the command that the finding names, and mend what it reports.
    Peers: none.
    Source: the project's own type checker.
    """
    for command in commands.about("types"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
