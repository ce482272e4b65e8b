from readiness import Findings, Severity, check
from readiness.facts.tools import Commands


@check(Severity.MEDIUM)
def lint_clean(commands: Commands) -> Findings:
    """The project's own linter has nothing to say.

    Why: warnings that are always there hide the one that matters.
    Fix: run the command that the finding names; mend what it reports, or switch the rule off with a reason.
    Peers: none.
    Source: the project's own linter.
    """
    for command in commands.about("lint"):
        yield command.at.expect(
            command.succeeded, f"{command.said}, wants exit code 0", seconds=command.seconds, tail=command.tail
        )
