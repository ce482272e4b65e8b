"""`readiness rollback`: back to a release that served before."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.carrying import carry
from readiness.cli.deploying.door import opened
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.target import Target
from readiness.cli.deploying.work import Work, finished, new_run, stamp, who, working
from readiness.report.text import plain

if TYPE_CHECKING:
    from readiness_deploy.record import Bake, Intent, Record, Release


@click.command(name="rollback")
@targets.options
@click.option("--to", "to", metavar="RELEASE", default="", help="Another release than the one before: its id.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is recorded.")
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(to: str, reason: str, take_over: str, format_: str, **flags: object) -> int:
    """Go back: of a release that is being watched at once, else to the release before, or to one that is named.

    No gate is asked: the release to go back to has to be ready, and to know the schema. A freeze does not stop it.
    Exit codes: 0 done; 6 it is not ready, so nothing moved onto it; others as for `deploy`.
    """
    target = targets.chosen(flags)
    _listed(target, to)
    again = ("--to", to) if to else ()
    with working("rollback", target, format_, take_over=take_over, again=again) as work:
        return finished(work, lambda: _back(work, to, reason))


def _back(work: Work, to: str, reason: str) -> Ending:
    from readiness_deploy import bluegreen, requests
    from readiness_deploy.states import MOVED, Goal, Phase

    from readiness.cli.deploying.asking import asked, seen_through, standing, written

    with opened(work.target) as door:
        record = door.record()
        if not to and record.phase in MOVED:
            # To take a rollback back would be to go on with what it leads away from.
            under_way = record.intent is not None and record.intent.goal is Goal.ROLLBACK
            return seen_through(work, door) if under_way else asked(work, door, "rollback", reason)
        if not to and record.phase is Phase.HELD and record.intent and record.selected == record.intent.colour:
            return written(work, door, lambda world: requests.send_back(world, who(), reason))
        release = _named(work, record, to) if to else _before(record)
        if not (to or door.ready(release.id)):
            _named(work, record, release.id)  # what is to be started anew must still be what was sealed
        if record.serving() and release.id == record.slots[record.selected or "blue"].id:
            return standing(work, door, "this release serves already")
        intent = _intent(work, record, release, reason)
        return carry(work, door, lambda world: bluegreen.carry_out(world, intent), intent)


def _listed(target: Target, to: str) -> None:
    """See that a release that is named is here, before anything is begun. Raises UsageError."""
    from readiness_deploy.releases import ids

    if to and not target.settings.kubernetes and to not in (here := ids(target.state)):
        near = [one for one in here if one.startswith(to)][:3] or difflib.get_close_matches(to, here, 3)
        meant = f" (nearest: {', '.join(near)})" if near else ""
        listing = target.command("gc", "--plan")
        raise click.UsageError(
            f"--to: wanted the id of a release that is here, found {plain(to)}{meant}; `{listing}` lists them"
        )


def _before(record: Record) -> Release:
    """The release that served before the one that serves."""
    from readiness_deploy.requests import Refused
    from readiness_deploy.states import other

    colour = record.previous or (other(record.selected) if record.selected else None)
    release = record.slots.get(colour) if colour else None
    serving = record.serving()
    if release is None or (serving is not None and release.id == serving.id):
        raise Refused(
            "there is no release before the one that serves (one that was gone back from does not count); "
            "`rollback --to RELEASE` names another, `gc --plan` lists them"
        )
    return release


def _named(work: Work, record: Record, release: str) -> Release:
    from readiness_deploy.releases import open_release

    from readiness.cli.deploying import cluster

    if work.target.settings.kubernetes:
        return cluster.known(record, release)
    return open_release(work.target.state, release)


def _intent(work: Work, record: Record, release: Release, reason: str) -> Intent:
    """What a rollback means to do: the switch, and the proof that it arrived. Nothing is asked of the bad release."""
    from readiness_deploy.record import Intent
    from readiness_deploy.states import Goal, other

    from readiness.cli.deploying.planning import told

    work.run, work.release = new_run(), release
    ready = work.target.settings.run.ready
    return Intent(
        run=work.run,
        goal=Goal.ROLLBACK,
        release=release,
        colour=other(record.selected),
        by=who(),
        at=stamp(),
        reason=reason,
        bake=_bake(work),
        keep=0.0,  # what was gone back from is nothing to stand by
        ready_within=ready.within,
        min_ready=0.0 if record.previous else ready.min_ready,
        **told(work.target),
    )


def _bake(work: Work) -> Bake:
    """No watching: there is nothing better to go to."""
    from dataclasses import replace

    from readiness.cli.deploying.planning import bake

    return replace(bake(work.target), seconds=0.0)
