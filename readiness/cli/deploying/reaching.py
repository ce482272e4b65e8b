"""Which references of a deploy lead nowhere: each is asked about where it will be followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readiness_deploy.plan import Refusal
    from readiness_deploy.record import Release

    from readiness.cli.deploying.door import Door
    from readiness.cli.deploying.target import Target
    from readiness.config.deploy import Reference, Value

_WITHOUT = "which the keeper was started without"


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
    unset = UNSET if names is None else _WITHOUT
    there = {**_environment(release.details), **of_gates(gates.after, "after")}
    here = of_gates(gates.before, "before")
    return (
        *_refusals(lost(there, theirs, root, unset=unset), _here if names is None else partial(_at_the_keeper, target)),
        *_refusals(lost(here, ours, root), _here),
    )


def lacking(target: Target, details: Mapping[str, Any], worker: Any) -> tuple[str, str]:
    """What the keeper whose worker has this process id lacks to start a release with these details, in words, and the
    command that cures it; both empty where it lacks nothing, or nobody can tell.

    A variable that is set here is handed over as it is; another one has to be written into the command.
    """
    from readiness_deploy.keeper.processes import variables_of
    from readiness_deploy.references import lost

    from readiness.config import surroundings

    names = None if target.settings.kubernetes or worker is None else variables_of(int(worker))
    if names is None:
        return "", ""
    faults = list(lost(_environment(details), names, target.environment.root, unset=_WITHOUT))
    if not faults:
        return "", ""
    wanted = list(dict.fromkeys(reference.from_env for reference, _ in faults if reference.from_env))
    ours = surroundings.variables()
    before = "".join(f"{name}=… " for name in wanted if name not in ours)
    flags = (word for name in wanted for word in ("--variable", name))
    return "; ".join(text for _, text in faults), before + target.command("keeper upgrade", *flags)


def _here(name: str) -> str:  # noqa: ARG001 - one of two advices
    return "set it for this command, which hands it on to the keeper where it starts one"


def _at_the_keeper(target: Target, name: str) -> str:
    take = target.command("keeper upgrade", "--variable", name)
    return (
        f"set it here, and hand it to the keeper that runs: `{take}`; no connection is lost by that. Under systemd, "
        "write it into the file of `keeper unit --environment-file` too, for the next boot"
    )


def _refusals(lost: Iterator[tuple[Reference, str]], todo: Callable[[str], str]) -> Iterator[Refusal]:
    from readiness_deploy.plan import Refusal

    for reference, text in lost:
        name = reference.from_env
        help_ = todo(name) if name else "write the secret there, where this user can read it"
        yield Refusal(code="references", text=text, todo=help_)


def _environment(details: Mapping[str, Any]) -> dict[str, Value]:
    """The variables of a release as its details keep them."""
    from readiness.config.deploy import Reference

    kept: Mapping[str, str | dict[str, str]] = details.get("environment", {})
    return {name: v if isinstance(v, str) else Reference.model_validate(v) for name, v in kept.items()}


def _names(door: Door) -> frozenset[str] | None:
    """The names of the keeper's variables; None where it ended in this instant."""
    from readiness_deploy.keeper.processes import variables_of

    pid = (door.look().get("keeper") or {}).get("worker_pid")
    found = None if pid is None else variables_of(int(pid))
    return None if found is None else frozenset(found)
