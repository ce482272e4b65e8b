"""Which references of a deploy lead nowhere: each is asked about where it will be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness_deploy.plan import Refusal
    from readiness_deploy.record import Release

    from readiness.cli.deploying.door import Door
    from readiness.cli.deploying.target import Target
    from readiness.config.deploy import Reference, Value


def unreached(target: Target, release: Release, door: Door | None) -> tuple[Refusal, ...]:
    """What a deploy of this release could not read, with what to do. Raises Lost.

    The service and the gates after the switch get what the keeper can reach: its own variables, and those of this
    process where there is none to ask. The gates before the switch are asked from here.
    """
    from readiness_deploy.references import UNSET, lost, of_gates

    from readiness.config import surroundings

    ours, root, gates = surroundings.variables(), target.environment.root, target.settings.gates
    names = None if door is None or target.settings.kubernetes else _names(door)
    theirs = ours if names is None else dict.fromkeys(names, "")
    unset = UNSET if names is None else "which the keeper was started without"
    there = {**_environment(release), **of_gates(gates.after, "after")}
    here = of_gates(gates.before, "before")
    return (
        *_refusals(lost(there, theirs, root, unset=unset), _at_the_keeper(target) if names is not None else _HERE),
        *_refusals(lost(here, ours, root), _HERE),
    )


_HERE = "set it for this command, which hands it on to the keeper where it starts one"


def _at_the_keeper(target: Target) -> str:
    stop, start = target.command("keeper stop", "--keep-colours"), target.command("keeper start")
    return (
        f"set it where the keeper starts, beside all others that `deploy` refers to: `{stop}`, then `{start}` (under "
        "systemd: in the file of `keeper unit --environment-file`, then restart the unit). Nobody can connect in "
        "between. A `from-file` needs no start"
    )


def _refusals(lost: Iterator[tuple[Reference, str]], todo: str) -> Iterator[Refusal]:
    from readiness_deploy.plan import Refusal

    for reference, text in lost:
        help_ = todo if reference.from_env else "write the secret there, where this user can read it"
        yield Refusal(code="references", text=text, todo=help_)


def _environment(release: Release) -> dict[str, Value]:
    """The variables of a release as it keeps them."""
    from readiness.config.deploy import Reference

    kept: Mapping[str, str | dict[str, str]] = release.details.get("environment", {})
    return {name: v if isinstance(v, str) else Reference.model_validate(v) for name, v in kept.items()}


def _names(door: Door) -> frozenset[str] | None:
    """The names of the keeper's variables; None where it ended in this instant."""
    pid = (door.look().get("keeper") or {}).get("worker_pid")
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    return frozenset(line.partition(b"=")[0].decode("utf-8", "replace") for line in text.split(b"\0"))
