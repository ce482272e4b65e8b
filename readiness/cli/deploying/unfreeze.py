"""`readiness unfreeze`: deploys are possible again."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.door import opened
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.work import Work, finished, working


@click.command(name="unfreeze")
@targets.options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(format_: str, **flags: object) -> int:
    """Lift the freeze of an environment, and say what it was."""
    with working("unfreeze", targets.chosen(flags), format_) as work:
        return finished(work, lambda: _lifted(work))


def _lifted(work: Work) -> Ending:
    with opened(work.target) as door:
        freeze = door.record().freeze
        if freeze is None:
            return work.ended("nothing to do", 0, "nothing is frozen", door.shown())
        door.unfreeze()
        return work.ended("lifted", 0, f"it was: {freeze.reason} ({freeze.owner}, since {freeze.since})", door.shown())
