"""What a person asks of a run: by the record where it rests, by whoever watches it where it has moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from readiness.cli.deploying.carrying import carry, how_it_ended
from readiness.cli.deploying.door import Door, opened
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.words import silence
from readiness.cli.deploying.work import Work, who
from readiness.cli.exits import Exit

if TYPE_CHECKING:
    from readiness_deploy.bluegreen import End
    from readiness_deploy.ports import World

_UNSEEN = 30.0
Written = Callable[["World"], None]


def promoted(work: Work, reason: str, plan: str) -> Ending:
    """Approve what waits; end the bake of what is watched; keep what is held."""
    from readiness_deploy import requests
    from readiness_deploy.states import MOVED, Phase

    with opened(work.target) as door:
        phase = door.record().phase
        if phase in MOVED:
            return asked(work, door, "promote", reason)
        if phase is Phase.HELD:
            return written(work, door, lambda world: requests.keep_it(world, who(), reason))
        return written(work, door, lambda world: requests.approve(world, who(), plan, reason))


def aborted(work: Work, reason: str) -> Ending:
    """Take a candidate away that has not moved; have one that has moved taken back."""
    from readiness_deploy import requests
    from readiness_deploy.states import MOVED, Phase

    with opened(work.target) as door:
        record, lock = door.record(), door.look().get("lock")
        if record.intent is None:
            return work.ended("nothing to do", 0, "no run is in flight", door.shown())
        moved = record.phase in MOVED or (record.phase is Phase.HELD and record.selected == record.intent.colour)
        if record.phase is Phase.HELD and moved:
            return written(work, door, lambda world: requests.send_back(world, who(), reason))
        if moved or (lock and not work.take_over):
            return asked(work, door, "abort", reason)
        return written(work, door, lambda world: requests.withdraw(world, who(), reason))


def resumed(work: Work) -> Ending:
    """Finish whatever is in flight, wherever it was left."""
    from readiness_deploy import requests
    from readiness_deploy.states import Phase

    with opened(work.target) as door:
        record = door.record()
        if not work.take_over and (run := guarded(door)):
            return watched(work, door, run)
        doubtful = record.phase is Phase.AWAITING and record.intent is not None and record.intent.doubt
        again = record.phase is Phase.HELD or doubtful
        end = written(work, door, requests.go_on if again else None)
        if record.intent is None and end.exit == Exit.OK:
            return standing(work, door, "no run was under way", run="", release="")
        return end


def standing(work: Work, door: Door, said: str, **more: str) -> Ending:
    """The ending where there is nothing to do, and `said` why; unless what is selected is not ready. Raises Lost."""
    from readiness.cli.deploying.status import judged

    deadline = door.clock.now() + work.target.settings.run.ready.within
    while True:
        found = door.look()
        view = found["colours"].get(found["record"]["selected"]) or {}
        if view.get("standing") != "starting" or door.clock.now() > deadline:
            break
        door.clock.sleep(0.1)
    code, why, todo = judged(found, work.target)
    if code == Exit.HELD:
        return work.ended("held", code, why, door.shown(), next=todo)
    return work.ended("nothing to do", Exit.OK, said, door.shown(), **more)


def guarded(door: Door, release: str = "") -> str:
    """The run that has moved and is watched by a guard, or by nobody yet, so that whoever comes may watch it too; empty
    where there is none. With `release`, only one that ships it."""
    from readiness_deploy.states import MOVED

    lock, record = door.look().get("lock"), door.record()
    intent = record.intent
    if record.phase not in MOVED or intent is None or (lock and not lock.get("guard")):
        return ""
    return intent.run if release in ("", intent.release.id) else ""


def watched(work: Work, door: Door, run: str = "") -> Ending:
    """See a run end that somebody else carries out, without the lock; walk it where nobody does any more."""
    from readiness_deploy.ports import Lost

    work.signals.walk()
    run, seen_at, silent = run or _run(door), door.clock.now(), False
    work.telling.note("watching", said="somebody else carries it out: Ctrl-C ends the watching, not the run")
    while True:
        try:
            found = door.look()
            if (end := _looked(work, door, run, found)) is not None:
                return end
            seen_at = door.clock.now()
            if (said := silence(found)) and not silent:
                todo = _taking_over(work, found)
                work.telling.note("not heard", said=f"{said}, holds the lock: where it hangs, `{todo}` takes it over")
            silent = bool(said)
        except Lost:
            # A keeper that is replaced is back within a second or two.
            if door.clock.now() - seen_at > _UNSEEN:
                raise
        door.clock.sleep(0.1)


def _taking_over(work: Work, found: Mapping[str, Any]) -> str:
    """The command that takes a run from whoever hangs. Who resumes one that has moved does what was asked of it."""
    from readiness_deploy.states import MOVED

    moved = found["record"]["phase"] in MOVED
    verb = "abort" if work.verb == "abort" and not moved else "resume"
    return work.target.command(verb, "--take-over", "…")


def _looked(work: Work, door: Door, run: str, found: Mapping[str, Any]) -> Ending | None:
    """One look at a run of somebody else: its ending, or None while it goes on."""
    from readiness_deploy import requests
    from readiness_deploy.states import MOVED, Phase

    work.telling.seen(found)
    record = door.record()
    if record.intent is None or record.intent.run != run:
        return _past(work, door, run)
    if stopped := work.signals.pending():
        todo = work.target.command("status", "--watch")
        return work.ended("detached", Exit.DETACHED, stopped, door.shown(), next=todo)
    if record.phase is Phase.HELD:
        return written(work, door, None)
    if found.get("lock") or (record.phase in MOVED and found.get("guard")):
        return None
    if record.phase is not Phase.AWAITING:
        return written(work, door, None)
    # Whoever was at it left before the request was heard.
    request = found.get("request") or {}
    if work.verb != "abort" or request.get("kind") != "abort":
        return None
    return written(work, door, lambda world: requests.withdraw(world, request["by"], request["reason"]))


def _run(door: Door) -> str:
    intent = door.record().intent
    return intent.run if intent else ""


def _past(work: Work, door: Door, run: str) -> Ending:
    """How a run ended, by the record."""
    record = door.shown()
    last = record.last
    if last is None or last.run != run:
        return work.ended("superseded", 4, "another run followed it", record, next=work.target.command("status"))
    return work.parked(how_it_ended(work.verb, record, run), record)


def seen_through(work: Work, door: Door) -> Ending:
    """A run that has moved, to its end: in the hands of whoever has it, unless it is taken from them."""
    return written(work, door, None) if work.take_over else watched(work, door)


def asked(work: Work, door: Door, kind: str, reason: str) -> Ending:
    from readiness_deploy.ports import Illegal
    from readiness_deploy.requests import Refused

    run = _run(door)
    try:
        door.ask(kind, who(), reason)
    except Illegal as fault:
        raise Refused(str(fault)) from None
    work.telling.note("asked", kind=kind, reason=reason)
    end = seen_through(work, door)
    record = door.record()
    last = record.last
    if kind == "promote" or last is None or last.run != run:
        return end
    if last.outcome == "deployed":
        why, todo = "the release is deployed", work.target.command("rollback")
    elif last.outcome == "rolled-back" and record.serves_last():
        why, todo = "the release that it went back to serves", work.target.command("status")
    else:
        return end
    why = f"the run came to its end before this was heard: {why}"
    return work.ended("refused", Exit.REFUSED, why, door.shown(), next=todo)


def written(work: Work, door: Door, write: Written | None) -> Ending:
    """Write what is asked into the record, under the lock, and walk what follows from it."""
    from readiness_deploy import bluegreen
    from readiness_deploy.states import State

    def act(world: World) -> End:
        if write is not None:
            write(world)
        end = bluegreen.walk(world, None)
        record = door.record()
        if end.state is State.IDLE and intent and record.last and record.last.run == intent.run:
            return how_it_ended(work.verb, record, intent.run)  # what was written ended the run itself
        return end

    intent = door.record().intent
    if intent is not None:
        work.release, work.run = intent.release, intent.run
    return carry(work, door, act)
