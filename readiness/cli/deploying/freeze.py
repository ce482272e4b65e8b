"""`readiness freeze`: nobody deploys until it is lifted."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.door import opened
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.work import Work, finished, who, working


@click.command(name="freeze")
@targets.options
@click.option("--reason", metavar="TEXT", required=True, help="Why; whoever is refused reads it.")
@click.option("--owner", metavar="NAME", default="", help="Who lifts it.  [you]")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(reason: str, owner: str, format_: str, **flags: object) -> int:
    """Stop deploys to an environment. A run that has not switched yet is refused, one that has goes on,
    and a rollback is never frozen."""
    if not reason.strip():
        raise click.UsageError("--reason wants words: whoever is refused reads them")
    with working("freeze", targets.chosen(flags), format_) as work:
        return finished(work, lambda: _frozen(work, reason, owner or who()))


def _frozen(work: Work, reason: str, owner: str) -> Ending:
    with opened(work.target) as door:
        door.freeze(reason, owner)
        return work.ended("frozen", 0, "", door.shown(), next=work.target.command("unfreeze"), meaning="to lift it")
