"""The last words of a verb: what serves now, what happened, why, and the one command that comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readiness.report.text import brief, plain

if TYPE_CHECKING:
    from readiness_deploy.bluegreen import End
    from readiness_deploy.record import Record, Release

    from readiness.cli.deploying.target import Target

FORMAT = 1
_DEEP, _WIDE = 20, 500  # lines and characters of what a command said
_GOOD = frozenset({"deployed", "rolled back as asked", "nothing to do"})
OUTCOMES = {
    "idle": "nothing to do",
    "done": "deployed",
    "refused": "refused",
    "waiting": "waiting for approval",
    "doubtful": "inconclusive",
    "aborted": "aborted",
    "superseded": "superseded",
    "rolled-back": "rolled back",
    "held": "held",
    "detached": "detached",
    "ousted": "busy",
    "unwatched": "unwatched",
}
_MEANT = {
    "waiting": "The candidate stands ready; nothing has moved.",
    "doubtful": "A gate could not tell, so nothing has moved.",
    "aborted": "Nothing has moved: what served before serves, untouched.",
    "superseded": "A newer release took over; nothing of this one was exposed.",
    "rolled-back": "The new version failed after the switch and was taken back.",
    "held": "A person is needed: nothing moves by itself from here.",
    "detached": "It goes on without this process: the guard watches, and takes the release back if a gate fails.",
    "ousted": "Somebody else took this release over; nothing that this process writes is accepted any more.",
    "unwatched": "Nobody carries this run on: where the new version serves, nothing would take it back by itself.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a verb ended. `next` is a command line to paste, `meaning` what that is for."""

    verb: str
    outcome: str
    exit: int
    service: str
    environment: str
    run: str = ""
    release: str = ""
    version: str = ""
    why: str = ""
    meant: str = ""
    known: bool | None = None  # whether what serves could be seen; None where nobody looked
    serves: tuple[str, str, str] | None = None  # colour, release, version
    unwell: str = ""  # how that stands instead of ready, and why
    stands_by: tuple[str, str, str] | None = None
    frozen: str = ""
    entry: str = ""  # what of the settings of the entry is not in force
    took: float = 0.0
    next: str = ""
    meaning: str = ""

    def lines(self, style: Callable[[str, str], str] = lambda text, _: text) -> Iterator[str]:
        """For a person. `style` colours a text by the name of a style."""
        colour = "good" if self.outcome in _GOOD else "bad" if self.exit in (4, 5, 6, 7, 70) else "open"
        head = f"{plain(self.service)} · {plain(self.environment)}: {style(self.outcome.upper(), colour)}"
        what = f" {plain(self.version)}" if self.version and self.outcome != "nothing to do" else ""
        took = f" ({duration(self.took)})" if self.took >= 0.05 else ""
        yield head + what + took
        if self.why:
            why, *rest = self.why.splitlines() or [""]
            yield f"  because   {brief(why)}"
            yield from (f"    {brief(line, _WIDE)}" for line in rest[-_DEEP:])
        if self.meant:
            yield f"  {self.meant}"
        if self.known is not None:
            nothing = "nothing" if self.known else "unknown: the keeper does not answer"
            unwell = f" ({brief(self.unwell)})" if self.unwell else ""
            yield f"  serves    {_slot(self.serves) + unwell if self.serves else nothing}"
        if self.stands_by:
            yield f"  stands by {_slot(self.stands_by)}"
        if self.frozen:
            yield f"  frozen    {brief(self.frozen)}"
        if self.entry:
            yield f"  entry     {brief(self.entry)}"
        if self.next:
            yield f"  {self.meaning + ':' if self.meaning else 'next:'} {style(self.next, 'command')}"

    def data(self) -> dict[str, Any]:
        """For a program: one object, described in docs/deploying.md."""
        return {
            "format": FORMAT,
            "end": True,
            "verb": self.verb,
            "service": self.service,
            "environment": self.environment,
            "outcome": self.outcome.replace(" ", "-"),
            "exit": int(self.exit),
            "run": self.run or None,
            "release": self.release or None,
            "version": self.version or None,
            "why": self.why or None,
            "known": self.known,
            "serves": _slot_data(self.serves),
            "unwell": self.unwell or None,
            "stands_by": _slot_data(self.stands_by),
            "frozen": self.frozen or None,
            "entry": self.entry or None,
            "took": round(self.took, 3),
            "next": self.next or None,
        }


def of(
    verb: str,
    end: End,
    target: Target,
    record: Record | None,
    *,
    release: Release | None,
    took: float,
    again: tuple[str, ...] = (),
) -> Ending:
    """The ending of a walk. `record` is what the keeper holds then, None where nobody can tell; `again` are the flags
    of a deploy of the same version."""
    state, (unwell, cure) = end.state.value, _unwell(record)
    outcome = "rolled back as asked" if end.by_request and state == "rolled-back" else OUTCOMES[state]
    if verb == "rollback" and state == "done":
        outcome = "rolled back as asked"
    doubt = record.intent.doubt if record and record.intent else ""
    last = record.last if record else None
    why = end.why or (doubt if state == "doubtful" else "")  # what was said to who walked there before
    if outcome in _GOOD and state != "idle":
        why = last.reason if last and last.run == end.run else ""  # what was in its way on its way is of no matter
    command, meaning = _next(state, target, outcome, doubt, end.run, again)
    if state == "aborted" and verb != "deploy":  # how the version was asked for is not known here
        command, meaning = target.command("history", "--run", end.run), "what happened"
    if state == "refused" and verb == "rollback":
        command, meaning = (
            (target.command("history"), "what was shipped")
            if target.settings.kubernetes
            else (target.command("gc", "--plan"), "the releases that are here, for another `rollback --to`")
        )
    if state == "held" and record:
        command, meaning = out_of_hold(target, back=record.previous is not None)
    if state == "done" and record and not record.previous:
        command = meaning = ""  # a first deploy has nothing to go back to
    meant = "" if outcome in _GOOD else _MEANT.get(state, "")
    if unwell and state == "aborted":
        meant = "Nothing has moved; what is selected is not ready."
    if cure and state in ("aborted", "refused", "held"):
        command, meaning = cure, "to give the keeper what it lacks"
    return Ending(
        verb=verb,
        outcome=outcome,
        exit=end.code,
        service=target.environment.service,
        environment=target.environment.name,
        run=end.run,
        release=release.id if release else "",
        version=release.version if release else "",
        why=why,
        meant=meant,
        took=took,
        next=command,
        meaning=meaning,
        **what_serves(record),
    )


def what_serves(record: Record | None) -> dict[str, Any]:
    """The fields of an ending that say what serves, what stands by, and whether releases are stopped."""
    if record is None:
        return {"known": False}
    freeze = record.freeze
    return {
        "known": True,
        "serves": _named(record, record.selected),
        "unwell": _unwell(record)[0],
        "stands_by": _named(record, record.previous),
        "frozen": f"{freeze.reason} ({freeze.owner}, since {freeze.since})" if freeze else "",
    }


def duration(seconds: float) -> str:
    """`0.4 s`, `75 s`, `12 min`, `3.0 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def out_of_hold(target: Target, *, back: bool) -> tuple[str, str]:
    """The command that ends a hold, and what it is for. `back` says whether there is a release to go back to."""
    if back:
        return target.command("rollback"), "to go back (`promote --reason …` in its place keeps what serves)"
    keep = target.command("promote", "--reason", "…")
    return keep, "to keep it, there is nothing to go back to (`resume` in its place watches it again)"


def _next(state: str, target: Target, outcome: str, doubt: str, run: str, again: tuple[str, ...]) -> tuple[str, str]:
    """The one command that comes next, and what it is for."""
    if outcome == "rolled back as asked":
        return "", ""
    reason = ("--reason", "…") if doubt else ()
    return {
        "done": (target.command("rollback"), "the way back"),
        "refused": (target.command("deploy", *again, "--plan"), "see what is refused, and what would help"),
        "waiting": (target.command("promote"), "to go on (`abort` in its place takes it away)"),
        "doubtful": (
            target.command("promote", *reason),
            "to go on all the same (`resume` asks again, `abort` withdraws it)",
        ),
        "aborted": (target.command("deploy", *again), "when it is mended"),
        "rolled-back": (target.command("history", "--run", run), "what the gates measured"),
        "held": out_of_hold(target, back=True),
        "detached": (target.command("status", "--watch"), "to watch it"),
        "unwatched": (target.command("resume"), "to finish it"),
        "ousted": (target.command("status"), "how things stand"),
        "superseded": (target.command("status"), "how things stand"),
    }.get(state, ("", ""))


def _unwell(record: Record | None) -> tuple[str, str]:
    """How what is selected stands instead of ready, and the command that mends it; empty where nobody looked."""
    from readiness_deploy.record import Shown

    return (record.unwell, record.cure) if isinstance(record, Shown) else ("", "")


def _named(record: Record, colour: Any) -> tuple[str, str, str] | None:
    release = record.slots.get(colour) if colour else None
    return (colour, release.id, release.version) if release else None


def _slot(slot: tuple[str, str, str]) -> str:
    colour, release, version = slot
    return f"{plain(version)}  {colour}, {plain(release)}"


def _slot_data(slot: tuple[str, str, str] | None) -> dict[str, str] | None:
    return dict(zip(("colour", "release", "version"), slot, strict=True)) if slot else None
