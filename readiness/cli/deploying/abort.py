"""`readiness abort`: a person withdraws a run."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.work import finished, working


@click.command(name="abort")
@targets.options
@click.option("--reason", metavar="TEXT", default="", help="Why; it is recorded.")
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(reason: str, take_over: str, format_: str, **flags: object) -> int:
    """Withdraw the run that is under way: before the switch nothing moves, after it the release is taken back.

    Exit codes: 4 aborted, nothing had moved; 0 taken back as asked, or nothing was under way; others as for `deploy`.
    """
    from readiness.cli.deploying.asking import aborted

    with working("abort", targets.chosen(flags), format_, take_over=take_over) as work:
        return finished(work, lambda: aborted(work, reason))
