"""`readiness promote`: a person agrees."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.work import finished, working


@click.command(name="promote")
@targets.options
@click.option("--plan", "plan", metavar="HASH", default="", help="Agree to this plan only: its hash, or how it begins.")
@click.option("--reason", metavar="TEXT", default="", help="Why; needed where a gate could not tell, or a run is held.")
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(plan: str, reason: str, take_over: str, format_: str, **flags: object) -> int:
    """Let a candidate that waits go on, end the bake of one that serves, or keep one that is held.

    The gates before the switch run again. Exit codes are those of `deploy`.
    """
    from readiness.cli.deploying.asking import promoted

    with working("promote", targets.chosen(flags), format_, take_over=take_over) as work:
        return finished(work, lambda: promoted(work, reason, plan))
