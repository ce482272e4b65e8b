"""`readiness keeper`: the process that serves, started, looked at, stopped, handed to systemd, and replaced."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.target import Target
from readiness.cli.deploying.voice import Voice
from readiness.cli.exits import Exit
from readiness.report.text import brief, plain

ACTIONS = ("start", "stop", "status", "unit", "upgrade")


@click.command(name="keeper")
@click.argument("action", type=click.Choice(ACTIONS))
@targets.options
@click.option("--keep-colours", is_flag=True, help="stop: leave the colours running for the next keeper.")
@click.option(
    "--environment-file", metavar="FILE", default="", help="unit: where systemd reads the secrets' variables."
)
@click.option(
    "--variable", "names", metavar="NAME", multiple=True, help="upgrade: hand this variable over; may be repeated."
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    action: str, keep_colours: bool, environment_file: str, names: tuple[str, ...], format_: str, **flags: object
) -> int:
    """Start, stop, look at or replace the keeper: the process that listens, serves, and holds the route.

    `start` goes into the background; whatever was deployed is served again. References to secrets are read from the
    variables that it is started with. `stop` drains, then ends what runs. `unit` prints a systemd unit that does both
    at boot and shutdown. `upgrade` replaces it by the installed version without closing a socket, and gives it the
    variables that are named, as they are set here.

    Exit codes: 0 done; 1 it did not work; 3 `status`: none runs; 6 `start`: it runs, and lacks a secret of the release
    that it is to serve; 7 `start`, `stop`, `upgrade`: the state folder is that of other settings with the same names.
    """
    from readiness_deploy.keeper import start
    from readiness_deploy.keeper.client import Declined, Unreachable
    from readiness_deploy.requests import Refused

    _only(action, {"--keep-colours": keep_colours, "--environment-file": environment_file, "--variable": names})
    target, voice = targets.chosen(flags), Voice()
    if target.settings.kubernetes:
        raise targets.NoTarget(f"{target.name} is shipped to a cluster: no keeper serves it, its Service does")
    try:
        code, said, details = _done(action, target, keep_colours, environment_file, names)
    except (start.Failure, Declined, Unreachable) as fault:
        code, said, details = Exit.FAILED, str(fault), {}
    except Refused as fault:
        code, said, details = Exit.REFUSED, str(fault), {}
    if format_ == "json":
        voice.data({"format": 1, "end": True, "verb": f"keeper {action}", "exit": int(code), "said": said, **details})
    elif code:
        voice.aside(f"error: {brief(said)}" if code in (Exit.FAILED, Exit.REFUSED) else said)
    else:
        voice.say(said.removesuffix("\n"))
    return code


_LARGEST = 100_000  # a variable of a process has 128 KiB at most
_FLAGS = {"--keep-colours": "stop", "--environment-file": "unit", "--variable": "upgrade"}


def _only(action: str, given: Mapping[str, object]) -> None:
    """A flag of another action would be passed over in silence. Raises UsageError."""
    for flag, value in given.items():
        if value and _FLAGS[flag] != action:
            raise click.UsageError(f"{flag} is for `keeper {_FLAGS[flag]}`, not for `keeper {action}`")


def _done(
    action: str, target: Target, keep_colours: bool, environment_file: str, names: Sequence[str]
) -> tuple[int, str, dict[str, Any]]:
    from readiness_deploy.keeper import start

    if action in ("start", "stop", "upgrade"):
        target.refuse_others()
    if action == "start":
        about = started(target)
        target.claim()
        said = f"the keeper listens on {_listening(about)}; its state is in {target.state}"
        lacks, cure = _lacking(target, about)
        if cure:
            said += f". It cannot start what it is to serve: {lacks}\nnext: {cure}"
        return Exit.HELD if cure else Exit.OK, said, {"keeper": about, "next": cure or None}
    if action == "stop":
        ended = start.stop(target.state, colours=not keep_colours)
        return Exit.OK, "the keeper ended" if ended else "no keeper ran", {}
    if action == "status":
        running = start.status(target.state)
        if running is None:
            return Exit.INCOMPLETE, f"no keeper runs for {target.name}: {target.command('keeper start')}", {}
        if start.is_ending(running):
            what = "answers what was asked of it before, and takes no more requests"
            return Exit.OK, f"the keeper is ending: process {running.get('pid')} {what}", {"keeper": running}
        said = f"version {plain(running.get('version', running.get('keeper', '?')))}, process {running.get('pid')}"
        return Exit.OK, f"the keeper listens on {_listening(running)}: {said}", {"keeper": running}
    if action == "unit":
        file = str(Path(environment_file).absolute()) if environment_file else ""
        words = f"readiness keeper of {plain(target.environment.service)} ({plain(target.environment.name)})"
        return Exit.OK, start.unit(target.state, description=words, environment_file=file), {}
    about = start.upgrade(target.state, besides=_named(names))
    took = f", and has {', '.join(names)} from here" if names else ""
    left = f"; {said}" if (said := other_entry(target)) else ""
    return Exit.OK, f"the keeper was replaced; process {about.get('pid')} serves{took}{left}", {"keeper": about}


def _named(names: Sequence[str]) -> dict[str, str]:
    """These variables of this process. Raises BadParameter."""
    from readiness.config import surroundings

    ours = surroundings.variables()
    if unset := [name for name in names if name not in ours]:
        raise click.BadParameter(f"wanted a variable that is set here, found none named {', '.join(unset)}")
    taken = {name: ours[name] for name in names}
    for name, value in taken.items():
        if any(0xD800 <= ord(c) <= 0xDFFF for c in value):  # bytes that are no text, as Python keeps them
            raise click.BadParameter(f"wanted text in UTF-8, found something else in {name}")
        if len(value) > _LARGEST:
            raise click.BadParameter(f"wanted at most {_LARGEST} characters, found {len(value)} in {name}")
    return taken


def started(target: Target) -> dict[str, Any]:
    """Have a keeper run, and return what it says of itself. Raises Failure."""
    from readiness_deploy.keeper import start
    from readiness_deploy.keeper.processes import holders

    from readiness.config import surroundings

    try:
        return start.start(target.state, entry_of(target), environment=surroundings.variables())
    except start.Failure as fault:
        left = tuple(holders(target.state)) if os.strerror(errno.EADDRINUSE) in str(fault) else ()
        if not left:
            raise
        # It has no folder to be asked in. Told to end, it drains and ends what it serves, as `keeper stop` would.
        raise start.Failure(
            f"{fault}: a keeper serves there whose state folder {target.state} was taken away: "
            f"`kill {' '.join(map(str, left))}` ends it and what it serves, after their `drain`; then do this again"
        ) from None


def _lacking(target: Target, about: Mapping[str, Any]) -> tuple[str, str]:
    """What this keeper lacks to start the recorded release, and the command that cures it; both empty where nothing."""
    from readiness_deploy.ports import Lost

    from readiness.cli.deploying.door import recorded
    from readiness.cli.deploying.reaching import lacking

    try:
        record = recorded(target)
    except Lost:
        return "", ""  # a record that cannot be read is held by the keeper, and `status` says so
    serving = record.serving() if record else None
    return lacking(target, serving.details, about.get("pid")) if serving else ("", "")


def entry_of(target: Target) -> dict[str, Any]:
    """The settings of the entry as the keeper takes them; its files are relative to the settings file."""
    entry = target.settings.entry.model_dump(by_alias=True, mode="json")
    root = target.environment.root.absolute()
    if entry.get("tls"):
        entry["tls"] = {name: str(root / path) for name, path in entry["tls"].items()}
    if entry.get("access-log"):
        entry["access-log"] = str(root / entry["access-log"])
    return entry


def other_entry(target: Target) -> str:
    """Which settings of the entry are not in force, and what brings them about; empty where all are."""
    from readiness_deploy.keeper.start import differing

    if target.settings.kubernetes or not (keys := differing(target.state, entry_of(target))):
        return ""
    stop, start = target.command("keeper stop", "--keep-colours"), target.command("keeper start")
    named = ", ".join(f"`entry.{key}`" for key in keys)
    return f"{named} of the settings {'is' if len(keys) == 1 else 'are'} not in force: `{stop}`, then `{start}`"


def _listening(about: dict[str, Any]) -> str:
    return ", ".join(map(plain, about.get("listening", []))) or "nothing"
