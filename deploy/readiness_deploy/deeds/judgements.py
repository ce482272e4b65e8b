"""What deeds of every kind ask of what they see: whose run it is, how a colour does, what a person wants."""

from __future__ import annotations

from dataclasses import replace

from readiness_deploy.ports import ColourView, Lost, Observation, World
from readiness_deploy.record import Ending, Intent, Record, Release
from readiness_deploy.states import Colour, Goal, Phase, other


def in_flight(record: Record, wanted: Intent | None) -> Intent:
    """The run in flight as it was announced. Raises Lost where it is not in flight any more."""
    if record.intent is not None and (wanted is None or wanted.run == record.intent.run):
        return record.intent
    raise Lost("the run ended, or another one began, while this process was at work")


def meant(record: Record, wanted: Intent | None) -> Intent:
    """The run in flight, or else the one that is about to be announced."""
    if record.intent is None and wanted is not None:
        return replace(wanted, colour=free_colour(record))
    return in_flight(record, wanted)


def whose(record: Record, wanted: Intent | None) -> str:
    """The name of the run that the next steps belong to; empty where there is none."""
    return record.intent.run if record.intent else wanted.run if wanted else ""


def free_colour(record: Record) -> Colour:
    """The slot that a candidate is put in."""
    return other(record.selected)


def view_of(seen: Observation, colour: str) -> ColourView:
    """How a colour does; an absent one where nobody knows of it."""
    return next((view for name, view in seen.colours.items() if name == colour), ColourView())


def unwell(seen: Observation, colour: str) -> str:
    """Why a serving colour cannot go on serving; empty where it can."""
    view = view_of(seen, colour)
    if view.ready:
        return ""
    return f"the release is {view.standing.value}" + (f": {view.why}" if view.why else "")


def asked_back(seen: Observation) -> bool:
    """Whether a person wants the run that has moved to be taken back."""
    return seen.request is not None and seen.request.kind in ("rollback", "abort")


def is_foreign(seen: Observation) -> bool:
    """Whether the route selects something else than the record says: somebody else wrote."""
    return seen.actual != ({seen.record.selected} if seen.record.selected else set())


def without_rejected(record: Record) -> dict[Colour, Release]:
    """The slots without the release that was gone back from: a later rollback must not find it for the one before."""
    return {colour: release for colour, release in record.slots.items() if colour == record.selected}


def ending_of(world: World, intent: Intent, outcome: str, reason: str, *, by_request: bool = False) -> Ending:
    """How a run ended, as the record keeps it, stamped with the time it is now."""
    return Ending(
        run=intent.run,
        release=intent.release.id,
        version=intent.release.version,
        outcome=outcome,
        reason=reason,
        at=world.clock.stamp(),
        by_request=by_request,
    )


def kept(world: World, record: Record, intent: Intent, why: str) -> Record:
    """This record when the release of the run is the stable one: its bake is over, or a person says that it is good.

    The old one stays warm for a while, unless it was gone back from.
    """
    back = intent.goal is Goal.ROLLBACK  # to a release that had to be started anew
    return record.but(
        phase=Phase.STABLE,
        intent=None,
        last=ending_of(world, intent, "rolled-back" if back else "deployed", why, by_request=back),
        retire_after=intent.keep,
        held="",
        slots=without_rejected(record) if back else record.slots,
    )
