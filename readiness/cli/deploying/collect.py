"""`readiness gc`: takes away releases that nobody needs."""

from __future__ import annotations

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.door import Door, recorded
from readiness.cli.deploying.target import Target
from readiness.cli.deploying.voice import Voice
from readiness.cli.exits import Exit
from readiness.report.text import counted, plain


@click.command(name="gc")
@targets.options
@click.option("--keep", type=click.IntRange(0), default=5, show_default=True, help="Newest releases to keep anyhow.")
@click.option("--plan", "dry", is_flag=True, help="Say what would be taken away; nothing is.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(keep: int, dry: bool, format_: str, **flags: object) -> int:
    """Take away releases, but those that serve, stand by or are under way, and the newest ones.

    Exit codes: 0 done, 6 what is needed cannot be told, 7 the state folder is that of other settings with the same
    names, 75 somebody makes a release.
    """
    from readiness_deploy import releases
    from readiness_deploy.ports import Lost
    from readiness_deploy.requests import Refused

    target, voice = targets.chosen(flags), Voice()
    try:
        if not dry:  # whoever goes back in an emergency sees what there is
            target.refuse_others()
        found = releases.gc(target.state, needed(target), keep, dry=dry)
    except (Lost, OSError) as fault:
        voice.aside(f"error: nothing was taken away, or not all: {plain(fault)}")
        return Exit.HELD
    except Refused as fault:
        voice.aside(f"error: nothing was taken away: {plain(fault)}")
        return Exit.REFUSED
    code = Exit.BUSY if found.busy else Exit.OK
    if format_ == "json":
        said = {"removed": list(found.removed), "kept": list(found.kept), "strangers": list(found.strangers)}
        voice.data({"format": 1, "end": True, "verb": "gc", "exit": int(code), "plan": dry, **said})
        return code
    if found.busy:
        voice.aside("a release is being made; nothing was taken away")
        return code
    for name in found.removed:
        voice.say(f"{'would take away' if dry else 'took away'} {plain(name)}")
    for name in found.strangers:
        voice.say(f"left alone: {plain(name)}, which is no release")
    for name in found.kept if dry else ():
        voice.say(f"would keep {plain(name)}")
    voice.say(f"{counted(len(found.kept), 'release')} kept")
    return code


def needed(target: Target) -> set[str]:
    """The ids of releases that somebody may come back to. Raises Lost where that cannot be told."""
    door = Door.find(target)
    record = door.record() if door else recorded(target)
    if record is None:
        return set()
    kept = {release.id for release in record.slots.values()}
    if record.intent is not None:
        kept.add(record.intent.release.id)
        if record.intent.displaced is not None:  # which a run that is taken back makes the way back again
            kept.add(record.intent.displaced.id)
    return kept
