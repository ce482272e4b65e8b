"""`readiness history`: earlier runs, and what happened in one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying import words
from readiness.cli.deploying.ending import duration
from readiness.cli.deploying.recording import history_of
from readiness.cli.deploying.target import Target
from readiness.cli.deploying.voice import Voice
from readiness.cli.exits import Exit
from readiness.cli.layout import table
from readiness.config import surroundings
from readiness.report.text import brief, plain

if TYPE_CHECKING:
    from readiness.history import Happened, Run


@click.command(name="history")
@targets.options
@click.option("--run", "run", metavar="RUN", default="", help="What happened in one run; how it begins is enough.")
@click.option("--most", "-n", type=click.IntRange(1), default=20, show_default=True, help="So many runs.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(run: str, most: int, format_: str, **flags: object) -> int:
    """Show earlier runs, the newest first, or what happened in one: steps, and what each gate measured.

    History is kept on this machine, beside the keeper's state; losing it costs nothing else. Exit codes: 0; 2 no such
    run; 3 it cannot be read, or was changed after it was written.
    """
    from readiness.history import Unusable

    target, voice = targets.chosen(flags), Voice()
    try:
        return _one(target, run, format_, voice) if run else _all(target, most, format_, voice)
    except Unusable as fault:
        voice.aside(f"error: history cannot be read: {plain(fault)}")
        return Exit.INCOMPLETE


def _all(target: Target, most: int, format_: str, voice: Voice) -> int:
    from readiness.history import runs

    found = runs(history_of(target), most)
    if format_ == "json":
        voice.data({"format": 1, "end": True, "verb": "history", "exit": 0, "runs": [asdict(r) for r in found]})
    elif not found:
        voice.say(f"{plain(target.name)}: no run is known here")
    else:
        voice.say("\n".join(table([_row(r) for r in found], surroundings.width(sys.stdout))))
    return Exit.OK


def _row(run: Run) -> tuple[str, ...]:
    took = _seconds(run)
    outcome = run.outcome or "not ended here"
    by = f"{run.by}: {run.reason}" if run.reason else run.by
    return (
        run.started[:19].replace("T", " "),
        run.run,
        outcome,
        run.version,
        "" if took is None else duration(took),
        by,
    )


def _seconds(run: Run) -> float | None:
    try:
        return (datetime.fromisoformat(run.ended or "") - datetime.fromisoformat(run.started)).total_seconds()
    except ValueError:
        return None


def _one(target: Target, wanted: str, format_: str, voice: Voice) -> int:
    from readiness.history import events, runs, verify

    path = history_of(target)
    fit = [r for r in runs(path, 1000) if r.run.startswith(wanted)]
    if len(fit) != 1:
        said = "no run begins" if not fit else f"{len(fit)} runs begin"
        raise click.UsageError(f"--run {wanted}: {said} like that; `{target.command('history')}` lists them")
    happened = events(path, fit[0].run)
    broken = "; ".join(verify(path))
    code = Exit.INCOMPLETE if broken else Exit.OK
    if format_ == "json":
        told = [asdict(h) for h in happened]
        run: dict[str, Any] = {"run": asdict(fit[0]), "events": told, "broken": broken or None}
        voice.data({"format": 1, "end": True, "verb": "history", "exit": int(code), **run})
        return code
    voice.say("\n".join(_told(fit[0], happened)))
    if broken:
        voice.aside(f"error: this is not what was written: {plain(broken)}")
    return code


def _told(run: Run, happened: tuple[Happened, ...]) -> Iterator[str]:
    yield f"{plain(run.run)}: {plain(run.goal)} {brief(run.version, 80)} ({plain(run.release)}) by {plain(run.by)}"
    for name in ("verdict", "plan", "reason"):
        if value := getattr(run, name):
            yield f"  {name:<8} {brief(value)}"
    for one in happened:
        if said := words.line(one.what, one.details):
            yield f"  {one.at[11:19]} {said[0]:<11} {said[1]}".rstrip()
    yield f"  {'ended':<8} {plain(run.outcome)}, exit code {run.exit}" if run.outcome else "  not ended here"
