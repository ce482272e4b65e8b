"""`readiness resume`: finishes what somebody left."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.work import finished, working


@click.command(name="resume")
@targets.options
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(take_over: str, format_: str, **flags: object) -> int:
    """Finish the run that is under way, whoever began it and wherever it stopped; a held run is tried again, gates that
    could not tell are asked again.

    What is so is looked at, and the run goes on from there. Exit codes are those of `deploy`; 0 where nothing is under
    way.
    """
    from readiness.cli.deploying.asking import resumed

    with working("resume", targets.chosen(flags), format_, take_over=take_over) as work:
        return finished(work, lambda: resumed(work))
