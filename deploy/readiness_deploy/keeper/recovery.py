"""What a worker finds when it begins, and what it makes of it: the record, doubts about it, and processes of nobody."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection
from dataclasses import replace

from readiness_deploy.keeper.aside import Aside
from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.processes import Identity, Processes, alive, marked
from readiness_deploy.keeper.routefile import Unusable, keep_unreadable, load, store
from readiness_deploy.record import Intent, Record
from readiness_deploy.states import Colour, Goal, Phase


def recover(folder: Folder, known: Aside, files: Files, note: Callable[..., None]) -> Record:
    """The record to go on with. Raises Unusable, OSError.

    Where the route file says nothing, what the processes say decides what serves, and a person is asked to look: the
    record is held. Where there is nothing to serve either, the keeper does not begin, since it would have to guess.
    """
    folder.clear()
    found = load(folder)
    living = {colour for colour, one in known.running.items() if alive(one.identity)}
    if found.record is not None and not found.doubt and not (found.fresh and living):
        return found.record
    doubt = found.doubt or f"{folder.route} is missing, and colours run"
    record = _from_processes(found.record, known, living, doubt)
    keep_unreadable(folder)
    store(folder, record, files)
    note("record in doubt", why=doubt, selected=record.selected)
    return record


def _from_processes(before: Record | None, known: Aside, living: set[Colour], doubt: str) -> Record:
    """A held record that selects what was selected last, by the processes that run, or by the older record."""
    base = before or Record()
    running = {colour: known.running[colour].release for colour in living}
    slots = {**base.slots, **running}
    served = [colour for colour in living if known.running[colour].served]
    agreed = {colour for colour in living if base.slots.get(colour, running[colour]).id == running[colour].id}
    if known.selected in slots:
        selected = known.selected
    elif base.selected in slots and (not living or base.selected in agreed):
        selected = base.selected
    elif len(served) == 1:
        selected = served[0]
    else:
        raise Unusable(f"{doubt}. What serves cannot be told: restore the file from a copy, or move it away.")
    assert selected is not None  # noqa: S101 - one of the slots
    intent = base.intent or Intent(run="recovered", goal=Goal.DEPLOY, release=slots[selected], colour=selected)
    return replace(
        base,
        generation=max(base.generation, known.generation) + 1,
        epoch=max(base.epoch, known.epoch) + 1,
        phase=Phase.HELD,
        selected=selected,
        previous=base.previous if base.selected == selected else base.selected,
        slots=slots,
        intent=intent,
        held=doubt,
    )


def sweep(
    folder: Folder, processes: Processes, known: Collection[str], guard: Identity | None, note: Callable[..., None]
) -> None:
    """End the processes that a worker of this folder started and did not live to write down."""
    for one in marked(folder.root):
        if one.instance not in known and one.identity != guard:
            note("orphan ended", pid=one.identity.pid)
            processes.signal(one.identity, signal.SIGKILL)
