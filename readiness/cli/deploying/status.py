"""`readiness status`: what serves, what is under way, who is at it, and what a person has to do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from readiness.cli.deploying import target as targets
from readiness.cli.deploying.door import Door, nothing, recorded
from readiness.cli.deploying.ending import duration, out_of_hold
from readiness.cli.deploying.keeper import other_entry
from readiness.cli.deploying.telling import styled, telling
from readiness.cli.deploying.voice import Voice
from readiness.cli.deploying.words import silence
from readiness.cli.exits import Exit
from readiness.config import surroundings
from readiness.report.text import brief, plain

if TYPE_CHECKING:
    from readiness.cli.deploying.target import Target

_MOVED = ("converging", "baking", "returning")


@click.command(name="status")
@targets.options
@click.option(
    "--watch", is_flag=True, help="Show it again and again, until Ctrl-C; in a pipe, until nothing is under way."
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(watch: bool, format_: str, **flags: object) -> int:
    """Show what serves and what is under way.

    Exit codes: 0 something serves and nobody is needed; 3 nothing was ever deployed here; 6 a person is needed: a run
    is held, a new version serves unwatched, or what should serve does not; 8 a candidate waits for an approval.
    """
    from readiness_deploy.ports import Lost

    target, voice = targets.chosen(flags), Voice()
    found = None
    try:
        found = _seen(target)
        if watch and found is not None:
            found = _watched(target, format_, voice)
        code, why, todo = judged(found, target)
    except Lost as fault:
        code, why, todo = Exit.HELD, f"what is so cannot be seen: {fault}", target.command("keeper status")
    if format_ == "json":
        voice.data(data(found, target, code, why, todo))
    else:
        voice.say("\n".join(_text(found, target, code, why, todo)))
    return code


def judged(found: Mapping[str, Any] | None, target: Target) -> tuple[int, str, str]:
    """The exit code, the reason for it in words, and the command that comes next."""
    if found is None:
        if recorded(target) is None:
            return _nothing(target, target.command("keeper start"))
        return Exit.HELD, "no keeper runs: nothing is served", target.command("keeper start")
    record = found["record"]
    phase, intent = record.get("phase"), record.get("intent") or {}
    view = (found.get("colours") or {}).get(record.get("selected")) or {}
    down = f"{record['selected']} is to serve and is {view.get('standing')}" if record.get("selected") else ""
    if phase in ("stable", "held") and view.get("standing") in ("dead", "starting"):
        lacks, cure = _lacking(found, target)
        if cure:
            return Exit.HELD, f"{down}: {lacks}", cure
    if phase == "held":
        todo, _ = out_of_hold(target, back=_stands_by(found))
        return Exit.HELD, f"held: {record.get('held') or 'a person is needed'}", todo
    if phase in _MOVED and not _watching(found):
        back = phase == "returning"
        said = "the way back is not finished and nobody is at it" if back else "nobody would take the new version back"
        if silent := silence(found):
            todo = target.command("resume", "--take-over", "…")
            return Exit.HELD, f"UNWATCHED: {silent}, holds the lock; {said}", todo
        return Exit.HELD, f"UNWATCHED: {said}", target.command("resume")
    if not record.get("selected") and phase == "stable":
        return _nothing(target, "")
    if view.get("standing") != "ready" and phase == "stable":
        return Exit.HELD, f"{down}: {view['why']}" if view.get("why") else down, target.command("rollback")
    if phase == "awaiting":
        doubt = intent.get("doubt")
        return (
            Exit.DETACHED,
            f"a gate could not tell: {doubt}" if doubt else "a candidate waits",
            _promote(target, doubt),
        )
    if phase in ("preparing", "aborting") and not found.get("lock"):
        return Exit.HELD, f"the run is {phase} and nobody is at it; nothing has moved", target.command("resume")
    return Exit.OK, "", ""


def data(found: Mapping[str, Any] | None, target: Target, code: int, why: str, todo: str) -> dict[str, Any]:
    """One object, described in docs/deploying.md."""
    seen = found or {}
    record = dict(seen.get("record") or {})
    for key in ("slots", "intent"):
        record[key] = _without_details(record.get(key))
    return {
        "format": 1,
        "end": True,
        "verb": "status",
        "service": target.environment.service,
        "environment": target.environment.name,
        "exit": int(code),
        "why": why or None,
        "next": todo or None,
        "keeper": seen.get("keeper"),
        "entry": (other_entry(target) or None) if found is not None else None,
        "phase": record.get("phase"),
        "selected": record.get("selected"),
        "watched": _watching(seen) if record.get("phase") in _MOVED else None,
        "lock": seen.get("lock"),
        "colours": seen.get("colours") or {},
        "traffic": seen.get("traffic") or {},
        "record": record if found else None,
    }


def _promote(target: Target, doubt: Any) -> str:
    return target.command("promote", *(("--reason", "…") if doubt else ()))


def _nothing(target: Target, first: str) -> tuple[int, str, str]:
    """Nothing is recorded. Where releases are, the record may have been lost with what it said; `first` is what has to
    be done before one of them can be served again."""
    from readiness_deploy.releases import ids

    here = () if target.settings.kubernetes else ids(target.state)
    if not here:
        return Exit.INCOMPLETE, nothing(target), target.command("deploy")
    count = f"{len(here)} release{'s are' if len(here) > 1 else ' is'} here (`gc --plan` lists them)"
    why = (
        f"nothing is recorded to serve here; {count}: {'with a keeper, ' if first else ''}`rollback --to ID` serves one"
    )
    return Exit.INCOMPLETE, why, first or target.command("deploy")


def _lacking(found: Mapping[str, Any], target: Target) -> tuple[str, str]:
    """What the keeper lacks to start what is selected, and the command that cures it; both empty where nothing."""
    from readiness.cli.deploying.reaching import lacking

    record = found["record"]
    release = (record.get("slots") or {}).get(record["selected"]) or {}
    return lacking(target, release.get("details") or {}, (found.get("keeper") or {}).get("worker_pid"))


def _stands_by(found: Mapping[str, Any]) -> bool:
    """Whether the release before is ready to be gone back to."""
    previous = found["record"].get("previous")
    release = (found["record"].get("slots") or {}).get(previous) or {}
    view = (found.get("colours") or {}).get(previous) or {}
    return view.get("standing") == "ready" and view.get("release") == release.get("id")


def _watching(found: Mapping[str, Any]) -> bool:
    """Whether somebody carries on what follows the switch: whoever holds the lock and is heard, or a guard that runs or
    can be started."""
    return not silence(found) and (bool(found.get("guard")) or bool(found.get("lock")))


def _seen(target: Target) -> Mapping[str, Any] | None:
    door = Door.find(target)
    if door is None:
        return None
    try:
        return door.look()
    finally:
        door.close()


def _watched(target: Target, format_: str, voice: Voice) -> Mapping[str, Any] | None:
    """Show what goes on; the last look."""
    door = Door.find(target)
    if door is None:
        return None
    told = telling(format_, target.name, voice)
    try:
        told.note("watching", said="Ctrl-C ends the watching, not the run")
        while True:
            found = door.look()
            told.seen(found)
            at_work = found.get("lock") or found["record"].get("phase") in _MOVED
            if not at_work and not surroundings.live(sys.stdout):
                return found
            time.sleep(0.25)
    except KeyboardInterrupt:
        return _seen(target)
    finally:
        told.close()
        door.close()


def _text(found: Mapping[str, Any] | None, target: Target, code: int, why: str, todo: str) -> Iterator[str]:
    style = styled(sys.stdout)
    word = {0: "SERVES", 3: "NOTHING DEPLOYED", 6: "A PERSON IS NEEDED", 8: "WAITING"}[code]
    yield f"{plain(target.environment.service)} · {plain(target.environment.name)}: " + style(
        word, "good" if code == 0 else "bad" if code == 6 else "open"
    )
    if why:
        yield f"  because   {brief(why)}"
    if found is not None:
        yield from _standing(found)
        if said := other_entry(target):
            yield f"  entry     {plain(said)}"
    if todo:
        yield f"  next:     {style(todo, 'command')}"


def _standing(found: Mapping[str, Any]) -> Iterator[str]:
    record = found["record"]
    for colour in sorted(("blue", "green"), key=lambda c: c != record.get("selected")):
        yield from _slot(colour, found)
    intent, lock, freeze = record.get("intent"), found.get("lock"), record.get("freeze")
    if intent:
        version = brief(intent["release"]["version"], 80)
        yield f"  run       {plain(intent['run'])}: {plain(intent['goal'])} {version}, {_phase(found)}"
        if intent.get("by"):
            yield f"  by        {plain(intent['by'])} at {plain(intent.get('at', ''))}"
    elif last := record.get("last"):
        why = f": {brief(last['reason'])}" if last.get("reason") else ""
        yield f"  last run  {_outcome(last, record)} at {plain(last.get('at', ''))}{why}"
    if lock:
        who = "the guard" if lock.get("guard") else plain(lock["by"])
        unheard = f", not heard for {lock['silent']:.0f} s" if silence(found) else ""
        yield f"  lock      {who} (process {lock['pid']}), since {plain(lock['since'])}{unheard}"
    if freeze:
        yield f"  frozen    {brief(freeze['reason'])} ({plain(freeze['owner'])}, since {plain(freeze['since'])})"
    keeper = found.get("keeper")
    if keeper is None:
        return
    cut, restarts = keeper.get("cut") or 0, keeper.get("restarts") or 0
    yield f"  keeper    {cut:,} requests cut by its own failures, {restarts} restarts of its worker"


def _outcome(last: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    serving = (record.get("slots") or {}).get(record.get("selected")) or {}
    to = "to " if last["outcome"] == "rolled-back" and last["release"] == serving.get("id") else ""
    return f"{plain(last['outcome']).replace('-', ' ')} {to}{brief(last['version'], 80)}"


def _phase(found: Mapping[str, Any]) -> str:
    record = found["record"]
    said = str(record["phase"])
    if said == "baking":
        whole = ((record.get("intent") or {}).get("bake") or {}).get("seconds", 0)
        said += f" {duration(min(found.get('baked', 0), whole))} of {duration(whole)}"
    if record["phase"] in _MOVED:
        said += ", watched" if _watching(found) else ", UNWATCHED"
    return said


def _slot(colour: str, found: Mapping[str, Any]) -> Iterator[str]:
    record, view = found["record"], (found.get("colours") or {}).get(colour) or {}
    release = (record.get("slots") or {}).get(colour)
    if view.get("standing", "absent") == "absent" and colour != record.get("selected"):
        return
    known = [r for r in (release, (record.get("intent") or {}).get("release")) if r and r["id"] == view.get("release")]
    version = brief(known[0]["version"], 80) if known else "?"
    mark = _mark(colour, record, view)
    traffic = (found.get("traffic") or {}).get(colour) or {}
    counted = f", {traffic['n'] / traffic['window']:.1f}/s" if traffic.get("n") and traffic.get("window") else ""
    more = [f"{view['restarts']} restarts"] if view.get("restarts") else []
    more += [f"{view['in_flight']} in flight"] if view.get("in_flight") else []
    retire = (found.get("retire") or {}).get(colour)
    more += [f"goes in {duration(retire)}"] if retire is not None else []
    more += [brief(view["why"], 200)] if view.get("why") else []
    rest = f" ({', '.join(more)})" if more else ""
    stands = f"{colour}, {plain(view.get('release', ''))}, {plain(view.get('standing', '?'))}"
    yield f"  {mark:<9} {version}  {stands}{counted}{rest}"


def _mark(colour: str, record: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    """What a slot is for. The slot of the release that stood by may have been given to a candidate since."""
    intent = record.get("intent") or {}
    if colour == record.get("selected"):
        return "serves"
    if view.get("standing") == "stopping":
        return "leaves"
    if record.get("phase") not in (*_MOVED, "held") and (intent.get("release") or {}).get("id") == view.get("release"):
        return "candidate"
    return "stands by" if colour == record.get("previous") else "candidate" if intent else "leaves"


def _without_details(value: Any) -> Any:
    """The same without what only the keeper needs to run a release: commands and settings are no part of a status."""
    if isinstance(value, dict):
        return {k: _without_details(v) for k, v in value.items() if k != "details"}
    return value
