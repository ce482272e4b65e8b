"""`readiness deploy`: one version to one environment, blue-green, from the check to the end of the bake."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from readiness.cli.deploying import candidate
from readiness.cli.deploying import target as targets
from readiness.cli.deploying.carrying import carry
from readiness.cli.deploying.door import Door
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.work import Work, finished, new_run, working
from readiness.cli.exits import Exit
from readiness.report.text import plain

if TYPE_CHECKING:
    from readiness_deploy.plan import Plan


@click.command(name="deploy")
@targets.options
@click.option(
    "--version", "version", metavar="V", default="", help="Git ref, folder or archive.  [what the settings say]"
)
@click.option("--strategy", type=click.Choice(["blue-green"]), default="blue-green", show_default=True)
@click.option("--plan", "plan_only", is_flag=True, help="Show what would happen and what forbids it; nothing moves.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--wait-approval", is_flag=True, help="Where an approval is needed, wait for it.")
@click.option("--no-wait", is_flag=True, help="Leave after the switch; the guard watches.")
@click.option("--override-readiness", metavar="REASON", default="", help="Ship what is not ready; it is recorded.")
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it; it is recorded.")
@click.option("--run-commands", is_flag=True, help="Allow the project's own commands in the check.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    version: str,
    strategy: str,  # noqa: ARG001 (there is one)
    plan_only: bool,
    yes: bool,
    wait_approval: bool,
    no_wait: bool,
    override_readiness: str,
    take_over: str,
    run_commands: bool,
    format_: str,
    **flags: object,
) -> int:
    """Ship a version: check it, expand the database, start it beside what serves, ask the gates, switch, watch.

    It goes back by itself where a gate fails after the switch. It may be killed at any time: `resume` finishes.

    Exit codes: 0 deployed or nothing to do, 2 wrong flags or settings, 3 a gate could not tell, 4 aborted before the
    switch, 5 rolled back, 6 a person is needed, 7 refused, 8 goes on without this process, 75 busy.
    """
    target = targets.chosen(flags)
    if not (plan_only or yes or somebody()):
        raise targets.NoTarget("nobody is here to ask: --yes ships without asking, --plan shows what would happen")
    candidate.named(target, version)
    again = ("--version", version) if version else ()
    with working("deploy", target, format_, take_over=take_over, detach=no_wait, again=again) as work:
        work.voice.works = not plan_only
        return finished(
            work,
            lambda: _deployed(
                work, version, override_readiness, plan_only=plan_only, yes=yes, wait=wait_approval, run=run_commands
            ),
        )


def _deployed(work: Work, version: str, override: str, *, plan_only: bool, yes: bool, wait: bool, run: bool) -> Ending:
    from readiness_deploy import bluegreen, plan_text
    from readiness_deploy.states import State

    from readiness.cli.deploying.asking import guarded, standing, watched
    from readiness.cli.deploying.keeper import other_entry
    from readiness.cli.deploying.planning import intent_of, planned

    work.run = new_run()
    work.target.refuse_others()
    door = Door.find(work.target)
    plan = planned(work, door, version, override=override, run_commands=run)
    record = door.shown() if door else None
    if door is not None and (said := other_entry(work.target)):
        work.telling.note("not in force", said=said)
    work.telling.note("planned", plan=plan_text.as_json(plan))
    if plan_only:
        return _shown(work, door, plan)
    if plan.refusals:
        work.telling.show(plan_text.lines(plan))
        why = "; ".join(r.text for r in plan.refusals[:3])
        return work.ended("refused", Exit.REFUSED, why, record, next=_help(work, plan), meaning="when it is mended")
    if plan.nothing_to_do and not plan.in_flight:
        door = door or _begun(work)  # which brings back what served
        try:
            end = standing(work, door, "this release serves already")
            return replace(end, entry=other_entry(work.target))
        finally:
            door.close()
    if door is not None and (under_way := guarded(door, plan.candidate.id)):
        return watched(work, door, under_way)
    if not yes and not _agreed(work, plan):
        return work.ended("aborted", Exit.ABORTED, "nobody agreed", record, meant="Nothing was changed.")
    work.target.claim()
    door = door or _begun(work)
    try:
        intent = intent_of(work, plan)
        end = carry(work, door, lambda world: bluegreen.carry_out(world, intent), intent)
        if wait and end.outcome == ending_of(State.WAITING):
            end = watched(work, door, work.run)  # it may be over already
        return replace(end, entry=other_entry(work.target))
    finally:
        door.close()


def ending_of(state: object) -> str:
    """The outcome that a parked state is called by."""
    from readiness.cli.deploying.ending import OUTCOMES

    return OUTCOMES[str(state)]


def _shown(work: Work, door: Door | None, plan: Plan) -> Ending:
    from readiness_deploy import plan_text

    lines = [*plan_text.lines(plan)]
    if door is not None and plan.serving is not None:
        lines += [f"  asked now    {said}" for said in _asked_now(work, door, plan)]
    work.telling.show(lines)
    if plan.refusals:
        why = f"{len(plan.refusals)} {'rule forbids' if len(plan.refusals) == 1 else 'rules forbid'} it"
        return work.ended("refused", Exit.REFUSED, why, meant="Nothing was changed.")
    if plan.nothing_to_do and door is not None:
        return work.ended("nothing to do", Exit.OK, "this release serves already")
    todo = work.target.command("deploy", *work.again)
    return work.ended("planned", Exit.OK, "", meant="Nothing was changed.", next=todo, meaning="to do it")


def _asked_now(work: Work, door: Door, plan: Plan) -> list[str]:
    """What the gates after the switch say of the release that serves: a gate that fails there would fail the next."""
    from readiness.cli.deploying import words

    measured = door.dry(plan.after, plan.bake.seconds)
    for one in measured:
        work.telling.note("asked now", **one)
    return [words.measured(one) for one in measured]


def _help(work: Work, plan: Plan) -> str:
    frozen = any(r.code == "frozen" for r in plan.refusals)
    return work.target.command("unfreeze") if frozen else work.target.command("deploy", *work.again)


def _agreed(work: Work, plan: Plan) -> bool:
    from readiness_deploy import plan_text

    work.telling.show(plan_text.lines(plan))
    while True:
        click.echo(f"Ship {plain(plan.candidate.version)}? [y/N]: ", nl=False, err=True)
        work.signals.readable(sys.stdin.fileno())
        answer = sys.stdin.readline()
        if not answer:
            raise click.Abort
        if (word := answer.strip().lower()) in ("y", "yes", "n", "no", ""):
            return word.startswith("y")
        click.echo(f"wanted y or n, found {plain(word)}", err=True)


def _begun(work: Work) -> Door:
    """The door to a keeper that is started now, since none runs."""
    from readiness_deploy.keeper.start import Failure
    from readiness_deploy.ports import Refusal

    from readiness.cli.deploying.keeper import started

    try:
        about = started(work.target)
    except Failure as fault:
        raise Refusal(str(fault)) from None
    work.telling.note("keeper", said=f"started, listens on {', '.join(about.get('listening', []))}")
    return Door(work.target)


def somebody() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
